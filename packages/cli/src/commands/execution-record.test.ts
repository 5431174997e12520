import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { json, type Reply, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const yaml =
  (...pieces: string[]): Reply =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/yaml' })
    for (const piece of pieces) response.write(piece)
    response.end()
  }

test('an export prints the documents as they came, wherever the pieces ended', async () => {
  await using server = await startScriptedServer([yaml('---\nexecu', 'tion:\n  name: é\n---\n')])
  await using box = await createSandbox(server.url)
  const ran = await box.run(['execution', 'export', 'e1', '--no-tree'])
  assert.equal(ran.out, '---\nexecution:\n  name: é\n---')
  assert.equal(server.seen[0]?.url, '/api/latest/execution/e1/export?tree=false')
})

test('an export by a filter asks for the list, and without ids or filter for neither', async () => {
  await using server = await startScriptedServer([yaml('')])
  await using box = await createSandbox(server.url)
  const filter = '{"field":"type","op":"eq","value":"FLOW"}'
  assert.equal((await box.run(['execution', 'export', '--filter', filter])).exitCode, 0)
  assert.match(server.seen[0]?.url ?? '', /^\/api\/latest\/execution\/export\?filter=/)
  assert.equal((await box.run(['execution', 'export'])).exitCode, 2)
})

test('an import sends the file as YAML and prints the new ids', async () => {
  await using server = await startScriptedServer([json(201, { count: 1, ids: ['e9'] })])
  await using box = await createSandbox(server.url)
  await writeFile(join(box.dir, 'runs.yaml'), 'execution: {}\n')
  const ran = await box.run(['execution', 'import', 'runs.yaml'])
  assert.equal(ran.out, 'e9\n1 imported')
  assert.equal(server.seen[0]?.body, 'execution: {}\n')
  assert.equal(server.seen[0]?.headers['content-type'], 'application/yaml')
})

test('trash, restore and purge ask for one after the other', async () => {
  await using server = await startScriptedServer([
    (_, response) => void response.writeHead(204).end(),
  ])
  await using box = await createSandbox(server.url)
  await box.run(['execution', 'trash', 'e1', 'e2'])
  await box.run(['execution', 'purge', 'e1'])
  assert.deepEqual(
    server.seen.map(({ method, url }) => `${method} ${url}`),
    [
      'DELETE /api/latest/execution/e1',
      'DELETE /api/latest/execution/e2',
      'DELETE /api/latest/execution/e1?permanently=true',
    ],
  )
})
