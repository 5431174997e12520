import { constants, createWriteStream } from 'node:fs'
import { access, chmod, mkdtemp, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Writes a file from pieces that come. What it held stays until the last of them is there, and for
 * good when they break off or the signal aborts. A crash half way leaves a folder beside it.
 * Returns the bytes that were written. Errors: the file system's, and those of the pieces.
 */
export async function writeWhole(
  path: string,
  pieces: Readable,
  signal: AbortSignal,
): Promise<number> {
  try {
    const former = await stat(path).catch(nullIfAbsent)
    if (former === null) return await replace(path, null, { pieces, signal })
    // A pipe or a device stays what it is.
    if (!former.isFile()) return await pour({ pieces, signal }, createWriteStream(path))
    await access(path, constants.W_OK)
    return await replace(await realpath(path), former.mode, { pieces, signal })
  } finally {
    // Of what is not wanted any more the connection is let go.
    pieces.destroy()
  }
}

interface Source {
  readonly pieces: Readable
  readonly signal: AbortSignal
}

async function replace(path: string, mode: number | null, source: Source): Promise<number> {
  const folder = await mkdtemp(`${path}.`)
  try {
    const draft = join(folder, 'content')
    const written = await pour(source, createWriteStream(draft, { flush: true }))
    if (mode !== null) await chmod(draft, mode)
    await rename(draft, path)
    return written
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function pour(
  { pieces, signal }: Source,
  target: ReturnType<typeof createWriteStream>,
): Promise<number> {
  await pipeline(pieces, target, { signal })
  return target.bytesWritten
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
