/**
 * Where in the author's code a call was made. The realm's own frames never show: its stack traces
 * are written by `prepareStackTrace`, which is installed before the intrinsics are frozen.
 */
export interface CallSite {
  readonly line: number | null
  readonly stack: readonly Frame[]
}

export const FLOW_FILE = 'flow'
export const REALM_FILE = 'millrace:realm'
/** Frames of asynchronous steps are found by this name. */
export const STEP_FRAME = 'millrace step '
/** The function that calls an asynchronous step as if nobody else had. */
const APART_FRAME = 'callApart'
/** How far up a stack is looked for the step that it belongs to, and how much of it is shown. */
const FRAMES = 50
const FRAMES_SHOWN = 16

/** Columns that the compilation put into lines, by line. */
const inserted = new Map<number, { readonly column: number; readonly length: number }[]>()

export function noteInserts(
  inserts: readonly { readonly line: number; readonly column: number; readonly length: number }[],
): void {
  for (const { line, ...insert } of inserts) {
    const known = inserted.get(line)
    if (known === undefined) inserted.set(line, [insert])
    else known.push(insert)
  }
}

/** Where a column of the compiled line is in the author's. Both count from 1. */
function columnOf(line: number, column: number): number {
  let added = 0
  for (const insert of inserted.get(line) ?? []) {
    if (column - 1 < insert.column + added + insert.length) break
    added += insert.length
  }
  return column - added
}

interface Frame {
  getFileName(): string | null
  getLineNumber(): number | null
  getColumnNumber(): number | null
  getFunctionName(): string | null
  getTypeName(): string | null
  getMethodName(): string | null
  isAsync(): boolean
  isConstructor(): boolean
}

class Mark {
  declare readonly stack: readonly Frame[]
}

/** A call whose line is known without looking at the stack. */
export function siteAt(line: number): CallSite {
  return { line, stack: [] }
}

/** Kept as cheap as can be: it runs at every call. The frames' text is made when an error needs it. */
export function callSite(): CallSite {
  const mark = new Mark()
  Error.captureStackTrace(mark, callSite)
  const { stack } = mark
  let line: number | null = null
  for (const frame of stack) {
    if (frame.getFileName() !== FLOW_FILE) continue
    line = frame.getLineNumber()
    break
  }
  return { line, stack }
}

/** The author's frames, one per line; empty when there are none. */
export function framesOf({ stack }: CallSite): string {
  let text = ''
  let shown = 0
  for (const frame of stack) {
    if (frame.getFileName() !== FLOW_FILE) continue
    if (shown++ < 6) text += `\n    at ${frameText(frame)}`
  }
  return text
}

/** The number of the asynchronous step inside which the call was made. */
export function stepOf({ stack }: CallSite): number | null {
  for (const frame of stack) {
    const name = frame.getFileName() === REALM_FILE ? frame.getFunctionName() : null
    if (name?.startsWith(STEP_FRAME) === true) return Number(name.slice(STEP_FRAME.length))
  }
  return null
}

/** Makes V8 write stack traces for this realm: the author's frames only. */
export function installStackTraces(): void {
  const prepare = (error: unknown, frames: readonly Frame[]): unknown => {
    if (error instanceof Mark) return frames
    let text = headOf(error)
    for (const frame of frames.slice(0, FRAMES_SHOWN)) {
      const file = frame.getFileName()
      if (file === REALM_FILE && frame.getFunctionName() === APART_FRAME) break
      if (file === FLOW_FILE) text += `\n    at ${frameText(frame)}`
    }
    return text
  }
  Object.defineProperty(Error, 'prepareStackTrace', { value: Object.freeze(prepare) })
  Object.defineProperty(Error, 'stackTraceLimit', { value: FRAMES })
}

/** `Name: message` of whatever was thrown. Runs the author's getters, which may throw in turn. */
export function headOf(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return String(error)
    const { name, message } = error as { name?: unknown; message?: unknown }
    const title = name === undefined ? 'Error' : String(name)
    const words = message === undefined ? '' : String(message)
    if (words === '') return title
    return title === '' ? words : `${title}: ${words}`
  } catch {
    return 'an error that cannot be shown'
  }
}

function frameText(frame: Frame): string {
  const name = frame.getFunctionName()?.replace('$default', 'default') ?? null
  const line = frame.getLineNumber() ?? 0
  const place = `${FLOW_FILE}:${line}:${columnOf(line, frame.getColumnNumber() ?? 0)}`
  const how = `${frame.isAsync() ? 'async ' : ''}${frame.isConstructor() ? 'new ' : ''}`
  return name === null || name === '' ? `${how}${place}` : `${how}${name} (${place})`
}
