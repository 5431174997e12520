import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { injectFault } from './strace.ts'
import { isMissing, requireCommand, requireStrace, ToolMissing } from './tools.ts'

const skip = isMissing(requireStrace)

describe('faults of system calls', { timeout: 30_000 }, () => {
  const started: ChildProcess[] = []
  after(() => started.forEach((child) => child.kill('SIGKILL')))

  /**
   * Says a number ten times a second when it is told to begin. Each is one `writev`, which nothing else
   * in the process calls; `write` also wakes threads, as often as it pleases.
   */
  function counter(): ChildProcess {
    const child = spawn(process.execPath, [
      '-e',
      `process.stdin.once('data', () => {
        let n = 0
        const say = () => fs.writevSync(1, [Buffer.from(String(++n)), Buffer.from('\\n')])
        setInterval(say, 100)
      })`,
    ])
    started.push(child)
    return child
  }

  test('kills at the nth call: what came before is out, and it is not', { skip }, async () => {
    const child = counter()
    assert.ok(child.stdout !== null && child.stdin !== null && child.pid !== undefined)
    const said = text(child.stdout)
    const gone = once(child, 'close')
    const hit = injectFault({
      pids: [child.pid],
      calls: ['writev'],
      fault: 'signal=SIGKILL:when=4',
      withinMs: 10_000,
      onAttached: () => child.stdin?.write('go\n'),
    })
    assert.equal(await hit, true)
    assert.deepEqual(await gone, [null, 'SIGKILL'])
    assert.equal(await said, '1\n2\n3\n')
  })

  test('lets go of a process that does not come to it in time', { skip }, async () => {
    const child = counter()
    assert.ok(child.stdout !== null && child.pid !== undefined)
    const options = { pids: [child.pid], calls: ['writev'], withinMs: 500 }
    assert.equal(await injectFault({ ...options, fault: 'signal=SIGKILL:when=400' }), false)
    child.stdin?.write('go\n')
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    assert.equal(String(first), '1\n')
  })

  test('says which package is missing', () => {
    assert.throws(
      () => requireCommand('no-such-command', 'some-package'),
      (error) =>
        error instanceof ToolMissing && error.message.includes('apt-get install some-package'),
    )
  })
})
