/**
 * For test/simulation alone: its stepped clock and its seed in the place of the machine's. An entry of
 * its own, so that no service can reach it by accident.
 */
export { useClock, type ClockSource } from './clock.ts'
export { useChance, type ChanceSource } from './ids.ts'
