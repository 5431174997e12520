import {
  ControlNudgeBatch,
  DependencyNudgeBatch,
  LockNudgeBatch,
  RecordNudgeBatch,
  TimerNudge,
} from './gen/millrace/v1/bus.ts'
import type { DependencyNudge, ExecutionKey, LockNudge, RecordNudge } from './messages.ts'

// The generated types of these are the messages themselves. Decoders throw for other bytes.

/** `dueAt`: ms since 1970. */
export const encodeTimerNudge = (dueAt: number): Uint8Array => TimerNudge.encode({ dueAt }).finish()

export const decodeTimerNudge = (bytes: Uint8Array): number => TimerNudge.decode(bytes).dueAt

export const encodeDependencyNudges = (items: readonly DependencyNudge[]): Uint8Array =>
  DependencyNudgeBatch.encode({ items: [...items] }).finish()

export const decodeDependencyNudges = (bytes: Uint8Array): DependencyNudge[] =>
  DependencyNudgeBatch.decode(bytes).items

export const encodeControlNudges = (items: readonly ExecutionKey[]): Uint8Array =>
  ControlNudgeBatch.encode({ items: [...items] }).finish()

export const decodeControlNudges = (bytes: Uint8Array): ExecutionKey[] =>
  ControlNudgeBatch.decode(bytes).items

export const encodeLockNudges = (items: readonly LockNudge[]): Uint8Array =>
  LockNudgeBatch.encode({ items: [...items] }).finish()

export const decodeLockNudges = (bytes: Uint8Array): LockNudge[] =>
  LockNudgeBatch.decode(bytes).items

export const encodeRecordNudges = (items: readonly RecordNudge[]): Uint8Array =>
  RecordNudgeBatch.encode({ items: [...items] }).finish()

export const decodeRecordNudges = (bytes: Uint8Array): RecordNudge[] =>
  RecordNudgeBatch.decode(bytes).items
