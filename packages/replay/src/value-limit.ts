/**
 * Bytes of one value as JSON: an input, an output, an argument. What a realm of 128 MiB can hold
 * twice, as text and as the value itself, and give back.
 */
export const VALUE_MAX_BYTES = 32 * 1_024 * 1_024

/**
 * Bytes of the past of one execution as JSON: its history and the answers to its calls, with the values
 * that they refer to. A replay gives all of it to a realm at once. Measured, one of 128 MiB replays
 * 64 MiB of texts, 47 MiB of records, and 21 MiB of values of a few characters each.
 */
export const PAST_MAX_BYTES = 40 * 1_024 * 1_024
