import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, lstat, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Reply, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const whole: Reply = (_, response) => void response.writeHead(200).end('new content')

/** Half of it comes, and then the connection breaks. */
const broken: Reply = (_, response) => {
  response.writeHead(200, { 'content-length': '11' })
  response.write('new c', () => response.destroy())
}

const GET = ['file', 'get', 'a.txt', '--to', 'x']

test('a download that breaks off leaves what was there, and nothing beside it', async () => {
  await using server = await startScriptedServer([broken])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'x'), 'old')
  const ran = await box.run(GET)
  assert.match(ran.err, /^error: the download of a\.txt broke off \(.+\)$/)
  assert.equal(ran.exitCode, 5)
  assert.equal(await readFile(join(box.dir, 'x'), 'utf8'), 'old')
  assert.deepEqual(await readdir(box.dir), ['x'])
})

test('a download that breaks off makes no file', async () => {
  await using server = await startScriptedServer([broken])
  await using box = await createSandbox(server.url)
  assert.equal((await box.run(GET)).exitCode, 5)
  assert.deepEqual(await readdir(box.dir), [])
})

test('Ctrl-C ends a download that has stopped coming, and leaves nothing', async () => {
  const interrupt = new AbortController()
  const stalled: Reply = (_, response) => {
    response.writeHead(200).write('new c', () => interrupt.abort(new Error('interrupted')))
  }
  await using server = await startScriptedServer([stalled])
  await using box = await createSandbox(server.url)
  const ran = await box.run(GET, { interrupted: interrupt.signal })
  assert.equal(ran.err, 'interrupted')
  assert.equal(ran.exitCode, 130)
  assert.deepEqual(await readdir(box.dir), [])
})

test('a download takes the place of a file, which keeps its mode, also behind a link', async () => {
  await using server = await startScriptedServer([whole])
  await using box = await createSandbox(server.url)
  const file = join(box.dir, 'file')
  await writeFile(file, 'old and longer than the new content')
  await chmod(file, 0o640)
  await symlink('file', join(box.dir, 'x'))
  const ran = await box.run(GET)
  assert.equal(ran.err, 'x: 11 bytes')
  assert.equal(await readFile(file, 'utf8'), 'new content')
  assert.equal((await stat(file)).mode & 0o777, 0o640)
  assert.ok((await lstat(join(box.dir, 'x'))).isSymbolicLink())
  assert.deepEqual(await readdir(box.dir), ['file', 'x'])
})

test('a pipe is written to and stays a pipe', async () => {
  await using server = await startScriptedServer([whole])
  await using box = await createSandbox(server.url)
  execFileSync('mkfifo', [join(box.dir, 'x')])
  const [ran, read] = await Promise.all([box.run(GET), readFile(join(box.dir, 'x'), 'utf8')])
  assert.equal(ran.err, 'x: 11 bytes')
  assert.equal(read, 'new content')
  assert.ok((await lstat(join(box.dir, 'x'))).isFIFO())
})

test('a folder that is not there is named, and the connection is let go', async () => {
  const closed = Promise.withResolvers<void>()
  const endless: Reply = (_, response) => {
    response.on('close', () => closed.resolve())
    response.writeHead(200).write('new c')
  }
  await using server = await startScriptedServer([endless])
  await using box = await createSandbox(server.url)
  const ran = await box.run([...GET.slice(0, -1), 'no/x'])
  assert.equal(ran.err, 'error: no such file: no/x')
  assert.equal(ran.exitCode, 2)
  await closed.promise
})
