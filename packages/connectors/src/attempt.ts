import type { Socket } from 'node:net'
import { after, monotonicMs } from '@millrace/runtime'
import { ConnectionFailure, type Phase, mayHaveLeft } from './failure.ts'
import type { Masker } from './mask.ts'
import type { Policy } from './way-out/policy.ts'
import { NO_FILES, type WorkspaceFiles } from './workspace-files.ts'

/** One attempt under way: its limits, and its record, which ends up in the attempt's row. */
export interface Attempt {
  readonly policy: Policy
  /** Aborted by a person or at the deadline; `reason` is the ConnectionFailure that says which. */
  readonly signal: AbortSignal
  /** ms until the deadline; below 0 past it. */
  remainingMs(): number
  /** The same for every attempt of one connection. */
  readonly idempotencyKey: string
  readonly mask: Masker
  /** Files of the workspace that the connection belongs to. */
  readonly files: WorkspaceFiles
  readonly record: AttemptRecord
  readonly phase: Phase
  enter(phase: Phase): void
  /** From here on an effect is possible whatever phase follows (a second hop, a second statement). */
  markEffect(): void
  readonly hasEffect: boolean
  readonly mayHaveLeft: boolean
  /** Makes a socket end with the attempt; `counted`: its bytes are the attempt's. */
  track<S extends Socket>(socket: S, counted: boolean): S
  /** How many tracked sockets are open. */
  readonly openSockets: number
  /** Closes the record and every socket. Harmless when done twice. */
  dispose(): void
}

/** What was done, without secrets. Times in ms. */
export interface AttemptRecord {
  readonly dialled: { host: string; address: string; port: number }[]
  /** Addresses that were left out or refused, with the reason. */
  readonly refused: string[]
  /** Set when the guard has refused the whole way: whatever error comes up later stems from it. */
  refusal: string | null
  readonly timings: Partial<Record<Phase, number>>
  tls: { version: string; fingerprint: string } | null
  bytes_in: number
  bytes_out: number
}

export interface AttemptOptions {
  readonly policy: Policy
  readonly signal: AbortSignal
  readonly totalTimeoutMs: number
  readonly idempotencyKey: string
  readonly mask: Masker
  /** Default none. */
  readonly files?: WorkspaceFiles
}

export function createAttempt(options: AttemptOptions): Attempt {
  const controller = new AbortController()
  const startedMs = monotonicMs()
  const record: AttemptRecord = {
    dialled: [],
    refused: [],
    refusal: null,
    timings: {},
    tls: null,
    bytes_in: 0,
    bytes_out: 0,
  }
  const sockets = new Map<Socket, boolean>()
  let phase: Phase = 'resolve'
  let phaseSinceMs = startedMs
  let effect = false
  let disposed = false

  const timer = after(options.totalTimeoutMs, () =>
    controller.abort(
      new ConnectionFailure(
        'TIMED_OUT',
        `The attempt was not done after ${options.totalTimeoutMs / 1000} s. Raise total_timeout if the far side needs longer.`,
        { details: { timeout: 'total_timeout' } },
      ),
    ),
  )
  const cancel = (): void =>
    controller.abort(
      options.signal.reason instanceof ConnectionFailure
        ? options.signal.reason
        : new ConnectionFailure('CANCELLED', 'The connection was cancelled.'),
    )
  if (options.signal.aborted) cancel()
  else options.signal.addEventListener('abort', cancel, { once: true })

  return {
    policy: options.policy,
    signal: controller.signal,
    remainingMs: () => startedMs + options.totalTimeoutMs - monotonicMs(),
    idempotencyKey: options.idempotencyKey,
    mask: options.mask,
    files: options.files ?? NO_FILES,
    record,
    get openSockets() {
      return sockets.size
    },
    track(socket, counted) {
      sockets.set(socket, counted)
      socket.once('close', () => forget(socket))
      // Whoever uses the socket hears its errors too; a late one, that nobody awaits, must not end
      // the process.
      socket.on('error', () => undefined)
      return socket
    },
    get phase() {
      return phase
    },
    get hasEffect() {
      return effect
    },
    get mayHaveLeft() {
      return effect || mayHaveLeft(phase)
    },
    enter(next) {
      const nowMs = monotonicMs()
      record.timings[phase] = round((record.timings[phase] ?? 0) + nowMs - phaseSinceMs)
      phase = next
      phaseSinceMs = nowMs
    },
    markEffect() {
      effect = true
    },
    dispose() {
      if (disposed) return
      disposed = true
      timer.cancel()
      options.signal.removeEventListener('abort', cancel)
      record.timings[phase] = round((record.timings[phase] ?? 0) + monotonicMs() - phaseSinceMs)
      for (const socket of [...sockets.keys()]) {
        socket.destroy()
        forget(socket)
      }
    },
  }

  function forget(socket: Socket): void {
    if (sockets.get(socket) === true) {
      record.bytes_in += socket.bytesRead
      record.bytes_out += socket.bytesWritten
    }
    sockets.delete(socket)
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100
