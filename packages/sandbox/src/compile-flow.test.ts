import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compileFlow } from './compile-flow.ts'

const HANDLER = 'export default () => 1\n'

/** `@` stands where the error is, and is no part of the source. */
const CASES: readonly (readonly [name: string, source: string, message: RegExp])[] = [
  ['a type that is missing', `${HANDLER}\nconst x: @= 2`, /Unexpected token/],
  ['an enum on one line', `${HANDLER}let a = 1; @enum A { B }`, /enum/],
  ['an enum over lines', `${HANDLER}  @enum A {\n  B,\n}\n`, /enum/],
  ['a property in a constructor', `class A { constructor(private @x: number) {} }`, /property/],
  ['after a line that looks like marks', `/*\n ^^^\n*/ const y: @= 1`, /Unexpected token/],
  ['at the end of the text', `${HANDLER}const z: number = (@\n`, /Expression expected/],
  ['lines of Windows', `const a = 1\r\nconst b: @= 2\r\n`, /Unexpected token/],
  ['tabs', `${HANDLER}\tlet a\t: @= 2`, /Unexpected token/],
  ['tabs after letters', `ab\t@let b = 2`, /Expected/],
  ['wide letters', `const ä = '日本'; let x: @= 3`, /Unexpected token/],
  ['letters of several parts', `const a = '👨‍👩‍👧e\u0301'; let x: @= 3`, /Unexpected token/],
  ['a body that returns', 'const n = 1\nreturn n as @= 3', /Unexpected token/],
  ['the first line of a body', 'return 1; @enum A {}', /enum/],
  ['a body with the error before its return', 'const x: @= 2\nreturn x', /Unexpected token/],
]

suite('the place of an error in TypeScript', () => {
  for (const [name, marked, message] of CASES) {
    test(name, () => {
      const before = (marked.split('@')[0] ?? '').split('\n')
      const found = compileFlow(marked.replace('@', ''), 'typescript')
      assert.ok(!found.ok)
      assert.match(found.message, message)
      assert.deepEqual(
        { line: found.line, column: found.column },
        { line: before.length, column: (before.at(-1) ?? '').length + 1 },
      )
    })
  }
})

test('a source that can run is found so', () => {
  assert.deepEqual(compileFlow(`${HANDLER}const x: number = 1`, 'typescript'), { ok: true })
  assert.deepEqual(compileFlow('const n: number = 6\nreturn n', 'typescript'), { ok: true })
})
