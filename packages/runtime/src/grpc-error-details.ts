import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * The standard error model of gRPC (google.rpc.Status with ErrorInfo, RetryInfo and BadRequest), of which
 * only the few fields below are used; written by hand, since it never changes.
 */
export interface ErrorDetails {
  /** SCREAMING_CASE; with the domain it names the kind of error. */
  readonly reason: string
  readonly domain: string
  readonly metadata: Readonly<Record<string, string>>
  /** When to try again; null says nothing of it. */
  readonly retryAfterSeconds: number | null
  /** What is wrong with which part of the request. */
  readonly violations: readonly { readonly field: string; readonly description: string }[]
}

export function encodeErrorDetails(code: number, message: string, details: ErrorDetails): Buffer {
  const { reason, domain, metadata, retryAfterSeconds, violations } = details
  const writer = new BinaryWriter().uint32(tag(1)).int32(code)
  text(writer, 2, message)
  any(writer, 'google.rpc.ErrorInfo', (info) => {
    text(info, 1, reason)
    text(info, 2, domain)
    for (const [key, value] of Object.entries(metadata)) pair(info, 3, key, value)
  })
  if (retryAfterSeconds !== null) {
    any(writer, 'google.rpc.RetryInfo', (retry) => {
      nested(retry, 1, (delay) => delay.uint32(tag(1)).int64(Math.ceil(retryAfterSeconds)))
    })
  }
  if (violations.length > 0) {
    any(writer, 'google.rpc.BadRequest', (bad) => {
      for (const { field, description } of violations) pair(bad, 1, field, description)
    })
  }
  return Buffer.from(writer.finish())
}

/** The ErrorInfo in it, or null. Throws for bytes that are no such message. */
export function decodeErrorInfo(bytes: Uint8Array): ErrorInfo | null {
  let found: ErrorInfo | null = null
  fields(bytes, (field, reader) => {
    if (field !== 3) return false
    let type = ''
    let value = new Uint8Array()
    fields(reader.bytes(), (part, inner) => {
      if (part === 1) type = inner.string()
      else if (part === 2) value = new Uint8Array(inner.bytes())
      return part === 1 || part === 2
    })
    if (type === 'type.googleapis.com/google.rpc.ErrorInfo') found = errorInfo(value)
    return true
  })
  return found
}

type ErrorInfo = Pick<ErrorDetails, 'reason' | 'domain' | 'metadata'>

function errorInfo(bytes: Uint8Array): ErrorInfo {
  let reason = ''
  let domain = ''
  const metadata: Record<string, string> = {}
  fields(bytes, (field, reader) => {
    if (field === 1) reason = reader.string()
    else if (field === 2) domain = reader.string()
    else if (field === 3) entry(reader.bytes(), metadata)
    return field <= 3
  })
  return { reason, domain, metadata }
}

function entry(bytes: Uint8Array, into: Record<string, string>): void {
  let key = ''
  let value = ''
  fields(bytes, (field, reader) => {
    if (field === 1) key = reader.string()
    else if (field === 2) value = reader.string()
    return field <= 2
  })
  into[key] = value
}

/** Calls `read` for each field; it returns false for one that it left unread. */
function fields(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (!read(field, reader)) reader.skip(wireType, field)
  }
}

/** A detail, in the third field of the status. */
function any(writer: BinaryWriter, type: string, write: (value: BinaryWriter) => void): void {
  nested(writer, 3, (detail) => {
    text(detail, 1, `type.googleapis.com/${type}`)
    nested(detail, 2, write)
  })
}

/** A map's entry, a field violation: two texts in fields 1 and 2. */
function pair(writer: BinaryWriter, field: number, first: string, second: string): void {
  nested(writer, field, (entryWriter) => {
    text(entryWriter, 1, first)
    text(entryWriter, 2, second)
  })
}

function nested(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void {
  const inner = new BinaryWriter()
  write(inner)
  writer.uint32(tag(field, true)).bytes(inner.finish())
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.uint32(tag(field, true)).string(value)
}

const tag = (field: number, isDelimited = false): number =>
  ((field << 3) | (isDelimited ? WireType.LengthDelimited : WireType.Varint)) >>> 0
