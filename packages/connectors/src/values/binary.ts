/** Bytes inside JSON. */
export interface Base64 {
  readonly $base64: string
}

export const toBase64 = (bytes: Uint8Array): Base64 => ({
  $base64: Buffer.from(bytes).toString('base64'),
})
