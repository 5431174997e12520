/**
 * Where in the author's code a call was made. The realm's own frames never show: its stack traces
 * are written by `prepareStackTrace`, which is installed before the intrinsics are frozen.
 */
export interface CallSite {
  readonly line: number | null
  /** The author's frames, one per line; empty when there are none. */
  readonly frames: string
  /** The number of the asynchronous step inside which the call was made. */
  readonly step: number | null
}

export const FLOW_FILE = 'flow'
export const REALM_FILE = 'millrace:realm'
/** Frames of asynchronous steps are found by this name. */
export const STEP_FRAME = 'millrace step '
const FRAMES = 24

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

export function callSite(): CallSite {
  const mark = new Mark()
  Error.captureStackTrace(mark)
  let line: number | null = null
  let step: number | null = null
  let frames = ''
  let shown = 0
  for (const frame of mark.stack) {
    const file = frame.getFileName()
    if (file === FLOW_FILE) {
      line ??= frame.getLineNumber()
      if (shown++ < 6) frames += `\n    at ${frameText(frame)}`
    } else if (file === REALM_FILE && step === null) {
      const name = frame.getFunctionName()
      if (name?.startsWith(STEP_FRAME) === true) step = Number(name.slice(STEP_FRAME.length))
    }
  }
  return { line, frames, step }
}

/** Makes V8 write stack traces for this realm: the author's frames only. */
export function installStackTraces(): void {
  const prepare = (error: unknown, frames: readonly Frame[]): unknown => {
    if (error instanceof Mark) return frames
    let text = headOf(error)
    for (const frame of frames) {
      if (frame.getFileName() === FLOW_FILE) text += `\n    at ${frameText(frame)}`
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
  const place = `${FLOW_FILE}:${frame.getLineNumber() ?? 0}:${frame.getColumnNumber() ?? 0}`
  const how = `${frame.isAsync() ? 'async ' : ''}${frame.isConstructor() ? 'new ' : ''}`
  return name === null || name === '' ? `${how}${place}` : `${how}${name} (${place})`
}
