import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'

/** Writes a file so that a crash leaves the former one or the whole new one. */
export function writeWhole(path: string, text: string, mode = 0o644): void {
  const making = `${path}.new`
  const file = openSync(making, 'w', mode)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(making, path)
}
