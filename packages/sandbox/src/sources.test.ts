import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Json } from '@millrace/replay'
import { TestRun, testSandbox } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

describe('sources', () => {
  const SOURCES: [string, string, string, Json | RegExp][] = [
    ['a named export', 'javascript', 'export const handler = async (system, self, inputs) => 1', 1],
    ['an arrow as default', 'javascript', 'const a = 2\nexport default async () => a\n', 2],
    ['an anonymous function', 'javascript', 'export default function () { return 3 }\n(4)', 3],
    ['an export list', 'javascript', 'function f() { return 4 }\nexport { f as default }\n', 4],
    [
      'a default that calls itself by name',
      'javascript',
      'export default function f(a, b, c) { return a === 1 ? 5 : f(1) }',
      5,
    ],
    [
      'a bare body',
      'javascript',
      'await self.step("a", () => 1)\nreturn [typeof system, inputs]',
      ['object', {}],
    ],
    ['a bare body in TypeScript', 'typescript', 'const n: number = 6\nreturn n as number', 6],
    [
      'a function named handler without export',
      'javascript',
      'async function handler(system, self) { return self.type }',
      'FLOW',
    ],
    [
      'imports of values and types',
      'typescript',
      "import { ReturnWhen, System, type Execution, EngineException as E } from '@millrace/flow-api'\nexport default async (system: System, self: Execution) => [ReturnWhen.ALL_ENDED, E.name]",
      ['ALL_ENDED', 'EngineException'],
    ],
    [
      'an import of all',
      'javascript',
      "import * as api from '@millrace/flow-api'\nexport default () => Object.keys(api).length > 10",
      true,
    ],
    [
      'await at the top of a module',
      'javascript',
      'const a = await Promise.resolve(7)\nexport default () => a',
      7,
    ],
    [
      'generics and types',
      'typescript',
      'interface A<T> { a: T }\nconst id = <T>(x: T): T => x\nexport default async function handler(): Promise<number> { const m = new Map<string, number>(); return id<number>(8) }',
      8,
    ],
    [
      'another import',
      'javascript',
      "import fs from 'node:fs'\nexport default () => 1",
      /Cannot import 'node:fs'.*\(flow:1:1\)/,
    ],
    [
      'an unknown name',
      'javascript',
      "import { x } from '@millrace/flow-api'\nexport default () => 1",
      /exports no "x" \(flow:1:10\)/,
    ],
    [
      'import()',
      'javascript',
      "export default () => 1\nimport('x')",
      /import\(\) does not exist in a flow.*\(flow:2:1\)/,
    ],
    ['no handler', 'javascript', 'export const x = 1', /exports no handler/],
    [
      'a syntax error',
      'javascript',
      'export default () => 1\nconst = 2',
      /Unexpected token \(flow:2:7\)/,
    ],
    [
      'an enum',
      'typescript',
      'export default () => 1\nenum A { B }',
      /enum is not supported.*\(flow:2:1\)/,
    ],
    ['Python', 'python', 'def handler(system, this, inputs): pass', /Python flows cannot run yet/],
  ]
  for (const [name, language, source, expected] of SOURCES) {
    test(name, async () => {
      const { end } = await new TestRun(sandbox, source, { language }).start()
      if (expected instanceof RegExp) {
        assert.equal(end?.reason, 'syntax', end?.message ?? '')
        assert.match(end.message ?? '', expected)
      } else assert.deepEqual(end?.output, expected, end?.message ?? '')
    })
  }

  test('lines and columns stay where they are', async () => {
    const source =
      "import { EngineException } from '@millrace/flow-api'\n\nexport default async (system: unknown) => { throw new EngineException('x') }"
    const { end } = await new TestRun(sandbox, source, { language: 'typescript' }).start()
    assert.equal(end?.message, 'EngineException: x\n    at default (flow:3:51)')
    const first = await new TestRun(sandbox, "throw new Error('x')").start()
    assert.match(first.end?.message ?? '', /^Error: x\n {4}at flow:1:7/)
  })
})

test('columns are the author’s also where lines were written into calls', async () => {
  const source =
    "export default async (system, self) => { self.log(1); await self.step('a', () => 1); throw new Error('x') }"
  const { end } = await new TestRun(sandbox, source).start()
  assert.match(end?.message ?? '', new RegExp(`flow:1:${source.indexOf('new Error') + 1}\\)`))
})

test('a line that begins with a marked call stays a statement of its own', async () => {
  const source =
    'export default async (system, self) => {\n  const a = self\n  self.log(a === self)\n  return 1\n}'
  const run = await new TestRun(sandbox, source).start()
  assert.deepEqual([run.end?.output, run.logs, run.history[0]?.line], [1, [[true]], 3])
})
