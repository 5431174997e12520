/**
 * Bytes of one value as JSON: an input, an output, an argument. What a realm of 128 MiB can hold
 * twice, as text and as the value itself, and give back.
 */
export const VALUE_MAX_BYTES = 32 * 1_024 * 1_024
