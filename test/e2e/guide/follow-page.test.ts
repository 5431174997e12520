import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { followPage } from './follow-page.ts'
import { parsePage } from './parse-page.ts'
import { startShell } from './start-shell.ts'

async function follow(...lines: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-page-'))
  const [cwd, scratch] = [join(folder, 'cwd'), join(folder, 'scratch')]
  mkdirSync(cwd)
  mkdirSync(scratch)
  try {
    await using shell = startShell({ cwd, scratch, env: { PATH: process.env['PATH'] ?? '' } })
    await followPage(parsePage('a.md', lines.join('\n')), shell)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('blocks run in one terminal, from the top', async () => {
  await follow(
    '```sh',
    'mkdir below && cd below',
    'name=owl',
    '```',
    '```txt file=hello.txt',
    'hello',
    '```',
    '```sh',
    'cat hello.txt - <<END',
    '$name',
    'END',
    'echo to the other stream >&2',
    '```',
    '```console',
    'hello',
    'owl',
    'to … stream',
    '```',
  )
})

test('a command that fails is named by its line, with what it printed', async () => {
  await assert.rejects(
    follow('# A', '```sh', 'true', 'echo the reason; false', 'true', '```'),
    /^Error: a\.md:4: the command fails\n.*\nthe reason\n$/,
  )
  await assert.rejects(follow('```sh', 'x=$(false | cat)', '```'), /a\.md:2: the command fails/)
  await assert.rejects(follow('```sh', 'echo $nothing', '```'), /a\.md:2: the command fails/)
  await assert.rejects(follow('```sh', 'exit 0', '```'), /a\.md:2: the command fails/)
  await follow('```sh', 'false || true', '```')
})

test('a command that waits for input gets none', async () => {
  await follow('```sh', 'cat', 'echo on', '```', '```console', 'on', '```')
})

test('what is printed and not shown is named by the line that it leaves', async () => {
  await assert.rejects(
    follow('```sh', 'echo a; echo b', '```', '', '```console', 'a', 'c', '```'),
    /^Error: a\.md:7: it prints something else than is shown\nshown: {3}c\nprinted: b\n/,
  )
})

test('what takes a moment to come true is tried until it has', async () => {
  await follow(
    '```sh',
    'n=0',
    '```',
    '```sh retry',
    'n=$((n + 1)); echo $n',
    '```',
    '```console',
    '5',
    '```',
  )
})
