import { loadStatements } from './statement.ts'

/** What savepoints, reverts and reruns share. */
export const sql = loadStatements('reverts', [
  'readPastRows',
  'readPastAnswers',
  'inheritHistory',
  'beginLife',
  'renewRuntime',
  'dropFormerLives',
  'countOwnReverts',
  'hasGate',
  'readFormerStart',
  'readReverts',
  'noteInherited',
  'touchInherited',
])
