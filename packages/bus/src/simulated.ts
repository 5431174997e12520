/**
 * For test/simulation alone: a server in memory in the place of NATS. An entry of its own, so that no
 * service can reach it by accident.
 */
export { useConnect } from './link.ts'
