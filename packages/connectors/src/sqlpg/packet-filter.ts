import { VALUE_MAX_BYTES } from '@millrace/replay'
import { ConnectionFailure } from '../failure.ts'

/**
 * Stands between a server and pg's parser, which believes every length that it is told: it keeps a
 * packet until it is whole, however long, and reads some malformed ones without end. What passes is
 * whole packets of bounded size whose parsing ends; what nobody reads is dropped as it arrives.
 */
export interface PacketFilter {
  /** Takes what arrives and passes on what is read of it. Throws ConnectionFailure. */
  take(bytes: Buffer, pass: (packet: Buffer) => void): void
  /** For the statement that comes: who judges its rows. Before the first one a row is like the rest. */
  expectRows(judge: JudgeRow): void
}

/** Told the size of a row before that has come. False: it is dropped. A throw ends the connection. */
export type JudgeRow = (bytes: number) => boolean

export function createPacketFilter(): PacketFilter {
  let judgeRow: JudgeRow | null = null
  /** Bytes of this statement that are no rows. */
  let besideRows = 0
  let columns = 0
  /** Less than a header. */
  let head: Buffer = Buffer.alloc(0)
  /** A packet of which a part has come. */
  let open: Buffer | null = null
  let filled = 0
  let toDrop = 0

  /** Whether a packet is read, by its header alone. */
  function judge(code: number, size: number): boolean {
    if (size < HEADER_BYTES) throw broken('a packet is shorter than its header')
    if (code === CODES.row && judgeRow !== null) return judgeRow(size - 1)
    if (UNREAD.has(code)) return false
    // An error quotes its statement, which may be long, and is not kept.
    if (code !== CODES.error) besideRows += size
    if (besideRows > BESIDE_ROWS_MAX_BYTES || size > VALUE_MAX_BYTES)
      throw broken('it sends too much beside rows')
    return true
  }

  function checked(packet: Buffer): Buffer {
    const code = packet[0]
    if (code === CODES.columns) columns = packet.readInt16BE(HEADER_BYTES)
    if (code === CODES.row) checkRow(packet, columns)
    // pg reads fields until an empty one comes, also past the end.
    if (code === CODES.error && (packet.at(-1) !== 0 || packet.at(-2) !== 0))
      throw broken('an error has no end')
    return packet
  }

  return {
    expectRows(judge) {
      judgeRow = judge
      besideRows = 0
    },
    take(arrived, pass) {
      const bytes = head.length === 0 ? arrived : Buffer.concat([head, arrived])
      head = Buffer.alloc(0)
      let at = 0
      while (at < bytes.length) {
        if (toDrop > 0) {
          const dropped = Math.min(toDrop, bytes.length - at)
          toDrop -= dropped
          at += dropped
        } else if (open !== null) {
          const copied = bytes.copy(open, filled, at)
          filled += copied
          at += copied
          if (filled < open.length) return
          const packet: Buffer = open
          open = null
          pass(checked(packet))
        } else if (bytes.length - at < HEADER_BYTES) {
          head = Buffer.from(bytes.subarray(at))
          return
        } else {
          const size = 1 + bytes.readUInt32BE(at + 1)
          if (!judge(bytes[at] ?? 0, size)) toDrop = size
          else if (at + size <= bytes.length) {
            pass(checked(bytes.subarray(at, at + size)))
            at += size
          } else {
            open = Buffer.allocUnsafe(size)
            filled = 0
          }
        }
      }
    },
  }
}

/** A length that points back would make pg read the same bytes again and again. */
function checkRow(packet: Buffer, columns: number): void {
  let at = HEADER_BYTES + COUNT_BYTES
  for (let column = 0; column < columns; column += 1) {
    const length = packet.readInt32BE(at)
    if (length < NULL_LENGTH) throw broken('a value has a negative length')
    at += LENGTH_BYTES + Math.max(length, 0)
  }
  if (at !== packet.length) throw broken('a row is not filled by the columns announced')
}

const broken = (what: string): ConnectionFailure =>
  new ConnectionFailure(
    'PROTOCOL',
    `The server does not keep to the protocol of Postgres: ${what}. Check that host and port are those of a Postgres server.`,
  )

/** One byte of code, four of length; the length counts itself and what follows. */
const HEADER_BYTES = 5
const COUNT_BYTES = 2
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const CODES = { row: 68, columns: 84, error: 69 }
/** Notices, notifications, settings of the server, and what COPY sends. */
const UNREAD: ReadonlySet<number> = new Set(Buffer.from('NASd'))
// The columns of the widest table are 140 KB; pg keeps many times the bytes of the smallest packets.
const BESIDE_ROWS_MAX_BYTES = 1_048_576
