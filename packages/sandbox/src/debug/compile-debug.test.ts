import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'acorn'
import type { Node } from 'acorn'
import { toFunction } from '../compile-flow.ts'
import { processSource } from '../process-source.ts'
import { debugRealmSource, realmSource } from '../realm-source.ts'
import { effectiveLines, toDebugFunction } from './compile-debug.ts'
import { debugScript } from './debug-script.ts'

const FLOW = `import { ReturnWhen } from '@millrace/flow-api'
export default async (system, self) => {
  self.log(Date.now())
  await self.step('a', () => 1)
}`

suite('a script that nobody debugs', () => {
  test('is compiled to the very text it was before there was a debugger', () => {
    assert.deepEqual(toFunction(FLOW, 'javascript'), {
      code: [
        `(function(Date,$api,$l){"use strict";const ReturnWhen=$api.ReturnWhen;return (function(){let $default;;${' '.repeat(46)}`,
        ';$default=     async (system, self) => {',
        '  $l(3,self).log(Date.now())',
        "  await $l(4,self).step('a', () => 1)",
        '};',
        'return $default})()})',
      ].join('\n'),
      columnOffset: -102,
      names: ['Date', '$api', '$l'],
      bare: false,
      inserts: [
        { line: 3, column: 2, length: 5 },
        { line: 3, column: 6, length: 1 },
        { line: 4, column: 8, length: 5 },
        { line: 4, column: 12, length: 1 },
      ],
    })
  })

  test('runs in a realm that has nothing of the debugger', () => {
    assert.doesNotMatch(realmSource(), /DebugRun|Stepper|CallStack|shownText/)
    assert.match(debugRealmSource(), /class DebugRun/)
  })

  test('has another hash than for its debugger, and each choice of fixed lines its own', () => {
    const script = { hash: 'h', language: 'javascript', source: FLOW }
    const hashes = [script, debugScript(script), debugScript(script, [3]), debugScript(script, [4])]
    assert.equal(new Set(hashes.map(({ hash }) => hash)).size, 4)
    assert.equal(debugScript(script, [4, 3, 4]).hash, debugScript(script, [3, 4]).hash)
  })
})

test('modules that share one scope in the end share no name', () => {
  const texts = [
    [realmSource(), 2],
    [debugRealmSource(), 2],
    [processSource({ acorn: '/a', addon: '/b' }), 0],
  ] as const
  for (const [text, depth] of texts) {
    const names = declarationsOf(text, depth)
    assert.ok(names.length > 40)
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    )
  }
})

suite('the lines that can be stopped at', () => {
  const lines = (source: string, language = 'javascript') => effectiveLines(source, language)

  test('begin a statement that runs', () => {
    const source = [
      'const a = 1', // 1
      '', // 2
      '// nothing', // 3
      'export default async function handler(system, self) {', // 4
      '  let x', // 5
      '  if (a) {', // 6
      '    x = call(', // 7
      '      a,', // 8
      '    )', // 9
      '  } else if (x) x = 2', // 10
      '  else', // 11
      '    x = 3', // 12
      '  for (const y of [1])', // 13
      '    x = y', // 14
      '  try { x = 4 } catch { x = 5 } finally { x = 6 }', // 15
      '  switch (x) {', // 16
      '    case 1:', // 17
      '      x = 7', // 18
      '  }', // 19
      '  function inner() {}', // 20
      '  class A {', // 21
      '    b = 1', // 22
      '    c() {', // 23
      '      return 1', // 24
      '    }', // 25
      '    static {', // 26
      '      x = 8', // 27
      '    }', // 28
      '  }', // 29
      '  const f = (x) =>', // 30
      '    x + 1', // 31
      '  return x', // 32
      '}', // 33
      'function call(a) { return a }', // 34
    ].join('\n')
    const expected = [1, 5, 6, 7, 10, 12, 13, 14, 15, 16, 18, 21, 24, 27, 30, 31, 32, 34]
    assert.deepEqual(lines(source), expected)
  })

  test('are the author’s in TypeScript', () => {
    const source =
      'interface A {\n  a: number\n}\nexport default async (): Promise<A> => {\n  return { a: 1 } as A\n}'
    assert.deepEqual(lines(source, 'typescript'), [4, 5])
  })

  test('are none in a source that cannot run', () => {
    assert.deepEqual(lines('const = 1'), [])
    assert.deepEqual(lines('pass', 'python'), [])
  })
})

suite('a script that is debugged', () => {
  test('keeps every line where it is', () => {
    const { code } = toDebugFunction(FLOW, 'javascript', { lines: null })
    const plain = toFunction(FLOW, 'javascript').code
    assert.equal(code.split('\n').length, plain.split('\n').length)
    assert.match(code.split('\n')[2] ?? '', /^ {2}\$d\.b\(3,\$f\)&&.*self\)\.log/)
  })

  test('of many lines and variables does not grow with the square of its length', () => {
    const body = Array.from({ length: 5_000 }, (_, i) => `  let variable${i} = ${i}`)
    const source = `export default async () => {\n${body.join('\n')}\n}`
    const { code } = toDebugFunction(source, 'javascript', { lines: null })
    assert.ok(code.length < 2_000_000, `${code.length} characters`)
    assert.ok(code.includes('variable4998:()=>(variable4998)'))
  })

  test('with fixed lines has checks there alone, and follows no calls', () => {
    const { code } = toDebugFunction(FLOW, 'javascript', { lines: [3] })
    assert.equal(code.match(/\$d\.b\(/g)?.length, 1)
    assert.doesNotMatch(code, /\$f|\$d\.[exwry]\(/)
  })

  test('may use the names of the debugger itself', () => {
    const source = 'const $d = 1, $f = 2\nreturn [$d, $f]'
    const { code, hook, names } = toDebugFunction(source, 'javascript', { lines: null })
    assert.equal(hook, '$d_')
    assert.ok(names.includes('$d_'))
    assert.match(code, /const \$f_=\$d_\.e\(\)/)
  })

  test('says what is wrong with it as if it were not debugged', () => {
    const wrong = 'export default () => 1\nconst = 2'
    assert.throws(() => toDebugFunction(wrong, 'javascript', { lines: null }), {
      message: 'Unexpected token',
      line: 2,
      column: 7,
    })
  })

  test('refuses what is not one expression', () => {
    for (const expression of [
      '1; 2',
      'const a = 1',
      '1 // x',
      'await x',
      '1\n+ 1',
      '',
      ')(',
      '0), (0',
    ]) {
      const probe = { line: 1, expressions: [expression] }
      assert.throws(
        () => toDebugFunction(FLOW, 'javascript', { lines: null, probe }),
        /The expression .* is wrong/,
        expression,
      )
    }
  })
})

/** The names declared at the top of a text, `depth` functions deep. */
function declarationsOf(text: string, depth: number): string[] {
  let body = parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body as Node[]
  if (depth > 0) {
    const [statement] = body as { expression?: { callee?: { body?: { body?: Node[] } } } }[]
    body = statement?.expression?.callee?.body?.body ?? []
  }
  return (body as { id?: { name: string }; declarations?: { id: { name?: string } }[] }[]).flatMap(
    ({ id, declarations }) => [
      ...(id ? [id.name] : []),
      ...(declarations ?? []).flatMap(({ id: { name } }) => name ?? []),
    ],
  )
}
