/** One thing that a client of NATS says, whole. */
export interface Frame {
  readonly bytes: Buffer
  /** Of a published message; null for all else. */
  readonly subject: string | null
}

/**
 * Splits what a client sends into frames, whatever the reads were: lines, and after PUB and HPUB as many
 * bytes as the line says. Whole frames may be left out, repeated and moved; parts of one may not.
 */
export function createFrameSplitter(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const frames: Frame[] = []
    for (;;) {
      const lineEnd = rest.indexOf('\r\n')
      if (lineEnd === -1) return frames
      const words = rest.toString('latin1', 0, lineEnd).split(/[ \t]+/)
      const isPublish = /^H?PUB$/i.test(words[0] ?? '')
      const end = lineEnd + 2 + (isPublish ? Number(words.at(-1)) + 2 : 0)
      if (rest.length < end) return frames
      frames.push({
        bytes: Buffer.from(rest.subarray(0, end)),
        subject: isPublish ? (words[1] ?? '') : null,
      })
      rest = rest.subarray(end)
    }
  }
}
