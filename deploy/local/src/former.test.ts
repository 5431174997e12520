import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { SUPERVISOR, takeHome } from './former.ts'
import { type Home, openHome } from './home.ts'
import { recordedNames, recordedProcess, recordProcess } from './process-record.ts'

const FORMER = JSON.stringify(new URL('former.ts', import.meta.url).href)
const HOME = JSON.stringify(new URL('home.ts', import.meta.url).href)

describe('taking a home', () => {
  let home: Home
  beforeEach(() => {
    home = openHome(mkdtempSync(join(tmpdir(), 'millrace-former-')))
  })
  afterEach(() => rmSync(home.path, { recursive: true, force: true }))

  it('is refused while another supervisor still ends what a former one has left', async () => {
    const orphan = spawn('sh', ['-c', `trap '' TERM; echo up; while :; do sleep 1; done`])
    await once(orphan.stdout, 'data') // deaf to SIGTERM from here on
    recordProcess(home, 'engine-1', orphan.pid ?? 0)
    const source = `import { takeHome } from ${FORMER}
      import { openHome } from ${HOME}
      await takeHome(openHome(${JSON.stringify(home.path)}), console.log)
      console.log('taken')`
    const first = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(first.stdout)[Symbol.asyncIterator]()
    try {
      assert.equal((await lines.next()).value, 'ending 1 processes of a former run')
      await assert.rejects(
        takeHome(home, () => undefined),
        new RegExp(`is in use by process ${first.pid}`),
      )
      orphan.kill('SIGKILL')
      assert.equal((await lines.next()).value, 'taken')
      assert.deepEqual(recordedNames(home), [SUPERVISOR])
    } finally {
      orphan.kill('SIGKILL')
      first.kill('SIGKILL')
    }
  })

  it('takes it over from a supervisor that is gone', async () => {
    writeFileSync(home.identity(SUPERVISOR), JSON.stringify({ pid: process.ppid, born: 'x' }))
    writeFileSync(home.identity('engine-1'), JSON.stringify({ pid: process.ppid, born: 'x' }))
    await takeHome(home, () => undefined)
    assert.equal(recordedProcess(home, SUPERVISOR)?.pid, process.pid)
    assert.deepEqual(recordedNames(home), [SUPERVISOR])
  })
})
