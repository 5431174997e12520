import { after } from '@millrace/runtime'

/** A wait that a nudge ends early; a nudge in between is not lost. */
export interface Bell {
  ring(): void
  wait(ms: number): Promise<void>
}

/** With `signal`, its abort rings too. */
export function createBell(signal?: AbortSignal): Bell {
  let rung = false
  let wake: (() => void) | null = null
  const ring = (): void => {
    rung = true
    wake?.()
  }
  signal?.addEventListener('abort', ring, { once: true })
  return {
    ring,
    wait: (ms) =>
      new Promise((resolve) => {
        if (rung) {
          rung = false
          return resolve()
        }
        const late = after(ms, () => wake?.())
        wake = () => {
          late.cancel()
          wake = null
          rung = false
          resolve()
        }
      }),
  }
}
