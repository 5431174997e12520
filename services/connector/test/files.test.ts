import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { FILE_MAX_BYTES, findFiles, saveFile, writeContent } from '@millrace/store'
import { startBench, type TestBench, workspaceId } from './bench.ts'

const echo = createServer((request, response) => void request.pipe(response))

let bench: TestBench
before(async () => {
  bench = await startBench()
  await bench.start()
  await once(echo.listen(0, '127.0.0.1'), 'listening')
})
after(async () => {
  await bench[Symbol.asyncDispose]()
  await once(echo.close(), 'close')
})

test('many that use files at once are served by connections to Postgres that are opened for them', async () => {
  const { db } = bench
  const bytes = [Buffer.alloc(600_000, 'sent ')]
  const content = await writeContent(db, { workspaceId, bytes, maxBytes: FILE_MAX_BYTES })
  await saveFile(db, { workspaceId, name: 'source', content, contentType: null, by: null })
  const names = Array.from({ length: 16 }, (_, index) => `answers/${index}`)
  const ids = await Promise.all(
    names.map((destination_file_name) =>
      bench.connection({
        url: `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`,
        mode: { mode_name: 'put', body: { body_type: 'file', source_file_name: 'source' } },
        destination: { destination_file_name },
      }),
    ),
  )
  for (const id of ids) {
    const row = await bench.until(id, 'ENDED_SUCCESS', 'ENDED_ERROR')
    assert.equal(row.message, null)
  }
  const stored = await findFiles(
    db,
    names.map((name) => ({ workspaceId, name })),
  )
  for (const file of stored) assert.equal(file?.size, content.size)
})
