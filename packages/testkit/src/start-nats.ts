import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, monotonicMs, sleep } from '@millrace/runtime'

/** A real nats-server with JetStream, of one test alone: it may be killed and emptied. */
export interface TestNats extends AsyncDisposable {
  /** Stays the same over restarts. */
  readonly url: string
  /** Starts it again on the same port and data; harmless while it runs. */
  start(): Promise<void>
  /** kill -9. Its data stay. */
  kill(): Promise<void>
  /** Kills it, deletes all it stored and starts it again if it ran. */
  wipe(): Promise<void>
  /** Ends it and deletes its data. */
  stop(): Promise<void>
}

/** Starts `nats-server` from the PATH. `running: false` only reserves its address. */
export async function startNats(options: { running?: boolean } = {}): Promise<TestNats> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-nats-'))
  const port = await freePort()
  const store = join(folder, 'store')
  let child: ChildProcess | null = null

  async function start(): Promise<void> {
    if (child !== null) return
    const args = [
      '--addr',
      '127.0.0.1',
      '--port',
      String(port),
      '--jetstream',
      '--store_dir',
      store,
    ]
    const started = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let output = ''
    let failure: Error | null = null
    started.stderr.on('data', (chunk: Buffer) => (output = (output + String(chunk)).slice(-4_000)))
    started.once('error', (error) => (failure = error))
    // A test that fails before it stops the server leaves none behind.
    process.once('exit', killOnExit)
    child = started
    const deadline = monotonicMs() + START_WITHIN_MS
    while (!(await answers(port))) {
      if (failure !== null || started.exitCode !== null || monotonicMs() > deadline)
        throw new Error(`nats-server did not start:\n${output}`, { cause: failure })
      await sleep(10)
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child
    child = null
    process.removeListener('exit', killOnExit)
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await ended
  }

  function killOnExit(): void {
    child?.kill('SIGKILL')
  }

  async function wipe(): Promise<void> {
    const ran = child !== null
    await end('SIGKILL')
    await rm(store, { recursive: true, force: true })
    if (ran) await start()
  }

  async function stop(): Promise<void> {
    await end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }

  if (options.running ?? true) await start()
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    kill: () => end('SIGKILL'),
    wipe,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const START_WITHIN_MS = 10_000

/** The server greets every connection with its INFO, which says whether JetStream is up. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.setTimeout(1_000, () => done(false))
    socket.once('error', () => done(false))
    socket.once('data', (chunk) => done(String(chunk).includes('"jetstream":true')))
  })
}
