import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePage } from './parse-page.ts'

const page = (...lines: string[]) => parsePage('a.md', lines.join('\n'))
const fails = (message: string, ...lines: string[]) =>
  assert.throws(() => page(...lines), { message })

test('commands are run, files are written, and everything else is read', () => {
  const { steps } = page(
    '# A page',
    '```ts file=greet.ts',
    'export default () => 1',
    '```',
    'Then:',
    '```sh',
    'one',
    '',
    'two',
    '```',
    '```ts',
    'only read',
    '```',
    '```sh by-hand',
    'make up',
    '```',
  )
  assert.deepEqual(steps, [
    { kind: 'file', line: 3, name: 'greet.ts', text: 'export default () => 1\n' },
    { kind: 'command', line: 7, text: 'one\n\ntwo\n', isRetried: false, shown: null },
  ])
})

test('what is shown belongs to the commands before it', () => {
  const { steps } = page('```sh', 'a', '```', 'prints', '```console', 'x', '…', '```')
  assert.deepEqual(steps, [
    {
      kind: 'command',
      line: 2,
      text: 'a\n',
      isRetried: false,
      shown: { line: 6, lines: ['x', '…'] },
    },
  ])
})

test('a block that is tried again says so', () => {
  const [step] = page('```sh retry', 'a', '```', '```console', 'x', '```').steps
  assert.equal(step?.kind === 'command' && step.isRetried, true)
})

test('a block of which it is not clear what to do with it is refused, with its line', () => {
  fails('a.md:3: a block says what it is: sh, console, ts …', 'x', '```', 'y', '```')
  fails(
    'a.md:2: `sh later` means nothing: `sh`, `sh by-hand` or `sh retry`',
    '```sh later',
    'x',
    '```',
  )
  fails('a.md:2: one word behind `sh` at most', '```sh retry by-hand', 'x', '```')
  fails('a.md:2: `ts name=x` means nothing: file=name', '```ts name=x', 'x', '```')
  fails('a.md:2: `ts file=../x` means nothing: file=name', '```ts file=../x', 'x', '```')
  fails('a.md:2: `console x` means nothing', '```console x', 'x', '```')
  fails('a.md:1: the block does not end', '```sh', 'x')
  fails('a.md:3: the block before this one does not end', '```sh', 'x', '```sh', 'y', '```')
  const indented = 'a fence is ``` at the beginning of a line: others are not looked at'
  fails(`a.md:2: ${indented}`, '- x', '  ```sh', '  y', '  ```')
  fails(`a.md:1: ${indented}`, '~~~sh', 'y', '~~~')
})

test('what is shown without a command that prints it is refused', () => {
  const message = '`console` shows what the `sh` block before it prints, and there is none'
  fails(`a.md:2: ${message}`, '```console', 'x', '```')
  fails(`a.md:5: ${message}`, '```sh by-hand', 'a', '```', '```console', 'x', '```')
  fails(`a.md:5: ${message}`, '```ts', 'a', '```', '```console', 'x', '```')
  fails(
    `a.md:8: ${message}`,
    ...['```sh', 'a', '```', '```console', 'x', '```', '```console', 'x', '```'],
  )
})

test('a command that is tried again says until when', () => {
  const message = 'a.md:2: `retry` needs a `console` block below: tried until when?'
  fails(message, '```sh retry', 'a', '```')
  fails(message, '```sh retry', 'a', '```', '```sh', 'b', '```', '```console', 'x', '```')
})
