import { constants, type ServerHttp2Stream } from 'node:http2'
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerInterceptingCallInterface,
} from '@grpc/grpc-js'
import { toGrpcFailure } from './grpc-errors.ts'
import type { Logger } from './logger.ts'
import { ServiceError } from './service-error.ts'

/**
 * What stands before a server that strangers reach. The library collects, unpacks and parses a message
 * before any handler runs; here it is decided before, by the headers and by the size that a message
 * announces, while of each call no more than a flow control window is in memory.
 */
export interface GrpcDoor {
  /** Calls that a connection may have under way at once; a client holds back more. */
  readonly callsPerConnection: number
  /** Ms without a byte after which a call is cut off that holds what `take` counts; until its end is in. */
  readonly silentMs: number
  /** By the headers: bytes that a message of the call may have. Throws what the call ends with. */
  admit(call: DoorCall): number | Promise<number>
  /**
   * By the size that a message announces: throws what the call ends with, or counts it until the
   * function that it gives is called, when the call is over. Null counts nothing.
   */
  take(path: string, bytes: number): (() => void) | null
}

interface DoorCall {
  /** `/package.Service/Method`. */
  readonly path: string
  /** A text header; null when absent. */
  metadata(name: string): string | null
}

export const doorInterceptor =
  (door: GrpcDoor, log: Logger): ServerInterceptor =>
  ({ path, requestStream }, call) => {
    const refuse = (error: unknown): void => {
      if (!(error instanceof ServiceError)) log.error({ error, method: path }, 'call failed')
      call.sendStatus(toGrpcFailure(error))
    }
    const letIn = (bytesMax: number): void => {
      const { silentMs } = door
      const take = (bytes: number): (() => void) | null => door.take(path, bytes)
      watchMessages(streamOf(call), { bytesMax, isOne: !requestStream, silentMs, take, refuse })
    }
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          // Until it calls `go` nothing is read.
          onReceiveMetadata(metadata, go) {
            try {
              const admitted = door.admit({ path, metadata: (name) => textOf(metadata, name) })
              if (typeof admitted === 'number') {
                letIn(admitted)
                return go(metadata)
              }
              admitted
                .then(letIn)
                .then(() => go(metadata))
                .catch(refuse)
            } catch (error) {
              refuse(error)
            }
          },
        }),
      // The library says here that it takes deflate and gzip.
      sendMetadata(metadata, next) {
        metadata.set('grpc-accept-encoding', 'identity')
        next(metadata)
      },
    })
  }

/** The first value of a header that is text. */
export function textOf(metadata: Metadata, name: string): string | null {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : null
}

/**
 * The library has no public way to what comes in before a message is whole, so its field is read: the
 * tests of the door fail should another version call it otherwise.
 */
const streamOf = (call: ServerInterceptingCallInterface): ServerHttp2Stream =>
  (call as unknown as { readonly stream: ServerHttp2Stream }).stream

/** Reads along: each message begins with one byte for compression and four with its size. */
function watchMessages(
  stream: ServerHttp2Stream,
  {
    bytesMax,
    isOne,
    silentMs,
    take,
    refuse,
  }: {
    readonly bytesMax: number
    readonly isOne: boolean
    readonly silentMs: number
    readonly take: (bytes: number) => (() => void) | null
    readonly refuse: (error: unknown) => void
  },
): void {
  const head = Buffer.alloc(HEAD_BYTES)
  let headBytes = 0
  let bytesLeft = 0
  let messages = 0

  function begin(): void {
    messages += 1
    bytesLeft = head.readUInt32BE(1)
    if (head[0] !== 0) throw new ServiceError('invalid', COMPRESSED)
    if (isOne && messages > 1) throw new ServiceError('invalid', 'A call has one message.')
    if (bytesLeft > bytesMax) throw new ServiceError('limited', tooLarge(bytesMax))
    const leave = take(bytesLeft)
    if (leave === null) return
    stream.once('close', leave)
    // What is counted is not waited for without an end: of a laptop that was closed nothing else tells.
    const cutOff = (): void => stream.close(constants.NGHTTP2_CANCEL)
    stream.setTimeout(silentMs, cutOff)
    stream.once('end', () => stream.setTimeout(0, cutOff))
  }

  function read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (bytesLeft > 0) {
        const taken = Math.min(bytesLeft, chunk.length - at)
        bytesLeft -= taken
        at += taken
        continue
      }
      head[headBytes] = chunk[at] ?? 0
      headBytes += 1
      at += 1
      if (headBytes < HEAD_BYTES) continue
      headBytes = 0
      begin()
    }
  }

  const onData = (chunk: Buffer): void => {
    try {
      read(chunk)
    } catch (error) {
      // What else comes of it is thrown away by the library, which sees the call ended.
      stream.off('data', onData)
      refuse(error)
    }
  }
  // Before the library, which would keep this chunk; and without `on`, which would begin to read.
  stream.prependListener('data', onData)
}

const HEAD_BYTES = 5

const COMPRESSED = 'Compressed messages are not taken: send it without compression (identity).'

const tooLarge = (bytesMax: number): string => {
  const size = bytesMax >= 1_048_576 ? `${bytesMax / 1_048_576} MiB` : `${bytesMax} bytes`
  return `The message is larger than ${size}. Send less, or store it elsewhere and send a reference.`
}
