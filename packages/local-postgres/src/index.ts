/**
 * PostgreSQL 18 from npm, for one machine: where its programs are, how to make a data folder and
 * with which command to run a server on it. Nothing here starts, watches or ends a server: that is
 * its caller's, who knows what its death means.
 *
 * Postgres refuses to run as root. Started by root, its programs run as the user `postgres`, which
 * is created when missing; see run-as.ts for folders which that user cannot enter.
 */
export { initialisePostgres, type InitialiseOptions } from './initialise.ts'
export { serverCommand, type ServerOptions } from './server-command.ts'
export { forgetStalePostmaster, runningPostmaster } from './postmaster.ts'
export type { Command } from './run-as.ts'
export { tunedSettings, type ServerMemory } from './tuned-settings.ts'
