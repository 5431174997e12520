import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after } from '@millrace/runtime'
import { requireStrace } from './tools.ts'

export interface Injection {
  /** Processes that run; only their main thread unless `follow`. */
  readonly pids: readonly number[]
  /** Their other threads and what they start from now on, too. */
  readonly follow?: boolean
  /** System calls, such as `write`. */
  readonly calls: readonly string[]
  /** In strace's words, such as `error=EIO:when=3` or `signal=SIGKILL:when=3`; counted per thread. */
  readonly fault: string
  /** Gives up after this. */
  readonly withinMs: number
  readonly abort?: AbortSignal
  /** Called once it counts. */
  readonly onAttached?: () => void
}

/**
 * Attaches strace, waits until the fault has hit once, and detaches. False when nothing came to it in
 * time. Throws ToolMissing where that cannot be done.
 *
 * Attached processes are slowed down, so it is never left attached.
 */
export async function injectFault(injection: Injection): Promise<boolean> {
  requireStrace()
  const { pids, follow = false, calls, fault } = injection
  const traced = calls.join(',')
  const strace = spawn(
    'strace',
    [
      ...(follow ? ['-f'] : []),
      ...pids.flatMap((pid) => ['-p', String(pid)]),
      ...['-e', `trace=${traced}`, '-e', `inject=${traced}:${fault}`],
      // Only that it happened is read: no arguments, which hold customers' data.
      ...['-e', 'raw=all', '-s', '0'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const gone = once(strace, 'close')
  try {
    return await untilHit(strace, injection)
  } finally {
    // On SIGTERM it detaches, and what it traced goes on.
    strace.kill('SIGTERM')
    await gone
  }
}

function untilHit(
  strace: ChildProcess,
  { withinMs, abort, onAttached }: Injection,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let said = ''
    let isAttached = false
    const guard = after(withinMs, () => done(false))
    const stop = (): void => done(false)
    const done = (hit: boolean): void => {
      guard.cancel()
      abort?.removeEventListener('abort', stop)
      resolve(hit)
    }
    abort?.addEventListener('abort', stop, { once: true })
    strace.stderr?.on('data', (chunk: Buffer) => {
      said = (said + String(chunk)).slice(-4_000)
      if (!isAttached && said.includes(' attached')) {
        isAttached = true
        onAttached?.()
      }
      // An injected signal is not marked, but the death it brings is.
      if (/\(INJECTED\)|\+\+\+ killed by/.test(said)) done(true)
    })
    strace.once('error', reject)
    strace.once('close', () => done(/\(INJECTED\)|\+\+\+ killed by/.test(said)))
  })
}
