import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sleep } from '@millrace/runtime'
import { type Child, createChild } from './child.ts'
import { type Home, openHome } from './home.ts'
import { identityOf } from './process-identity.ts'

describe('a child whose record cannot be written', () => {
  let home: Home
  let child: Child
  let deaths: string[]
  let unrecorded: number[]

  beforeEach(() => {
    home = openHome(mkdtempSync(join(tmpdir(), 'millrace-child-')))
    deaths = []
    unrecorded = []
    child = createChild({
      home,
      name: 'engine-1',
      service: 'engine',
      command: () => ({ command: 'sh', args: ['-c', 'echo $$; exec sleep 300'] }),
      onDeath: ({ how }) => deaths.push(how),
      onUnrecorded: ({ pid }) => unrecorded.push(pid),
    })
  })
  afterEach(async () => {
    await child.stop(1_000)
    born().filter(isAlive).forEach(kill)
    rmSync(home.path, { recursive: true, force: true })
  })

  it('is started again once, stays the one copy, and is recorded when that is possible', async () => {
    child.start()
    await until(() => born().length === 1)
    const first = recorded()
    const inTheWay = `${home.identity('engine-1')}.new`
    mkdirSync(inTheWay)
    kill(first)
    await until(() => unrecorded.length > 0 || deaths.length > 1)
    await until(() => born().length === 2)
    assert.deepEqual(deaths, ['SIGKILL'])
    assert.deepEqual(unrecorded, born().slice(1))
    assert.equal(recorded(), 0)
    rmSync(inTheWay, { recursive: true })
    await until(() => recorded() !== 0)
    assert.deepEqual(born(), [first, recorded()])
    assert.deepEqual(deaths, ['SIGKILL'])
  })

  it('is ended with the rest', async () => {
    mkdirSync(`${home.identity('engine-1')}.new`)
    child.start()
    await until(() => born().length === 1)
    await child.stop(1_000)
    assert.equal(recorded(), 0)
    assert.deepEqual(born().filter(isAlive), [])
  })

  it('is started again when its record cannot be removed either', async () => {
    mkdirSync(home.pid('engine-1'))
    child.start()
    await until(() => born().length === 1)
    kill(born()[0])
    await until(() => born().length === 2)
    assert.deepEqual(deaths, ['SIGKILL'])
    assert.deepEqual(unrecorded, born())
  })

  /** Every process that was ever started says its number in the log. */
  const born = (): number[] => {
    const path = home.log('engine')
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return (text.match(/\d+\n/g) ?? []).map(Number)
  }

  const recorded = (): number => {
    const path = home.pid('engine-1')
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  }
})

function kill(pid: number | undefined): void {
  assert.ok(pid, 'no process to kill') // 0 would be this one and all beside it
  process.kill(pid, 'SIGKILL')
}

const isAlive = (pid: number): boolean => identityOf(pid) !== null

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20)
}
