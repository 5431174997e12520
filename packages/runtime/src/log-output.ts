import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/**
 * Writes lines to a file descriptor at once: the last words of a dying process are not lost, and what
 * cannot be written is, because a full disk or a reader that has stopped must not stop the process.
 * `lostLine` makes the line that says how many were lost, once there is room for lines again.
 */
export function logOutput(fd: number, lostLine: (count: number) => string): DestinationStream {
  let lost = 0
  let isTorn = false
  return {
    write(line) {
      if (lost > 0 && put(lostLine(lost))) lost = 0
      if (lost > 0 || !put(line)) lost += 1
    },
  }

  /** False when not all of it could be written. The rest of a torn line stays away for good. */
  function put(line: string): boolean {
    const bytes = Buffer.from(isTorn ? `\n${line}` : line)
    let from = 0
    for (let waits = lost > 0 ? 0 : MAX_WAITS; from < bytes.length;) {
      try {
        from += writeSync(fd, bytes, from)
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN'
        if (isFull && waits-- > 0) Atomics.wait(NEVER_NOTIFIED, 0, 0, WAIT_MS)
        else break
      }
    }
    if (from > 0) isTorn = from < bytes.length
    return from === bytes.length
  }
}

/**
 * Stdout for `logOutput`: a pipe is opened once more without blocking, because a write to one that
 * nobody empties would hold the process for as long. Where that is not allowed it is stdout itself.
 */
export function stdoutFd(): number {
  try {
    if (!fstatSync(1).isFIFO()) return 1
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return 1
  }
}

// 200 ms for a reader to catch up; once a line is lost no other waits until there is room.
const MAX_WAITS = 20
const WAIT_MS = 10
const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(4))
