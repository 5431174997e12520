import { loadStatements } from './statement.ts'

export const sql = loadStatements('messages', [
  'insertMessages',
  'readMessages',
  'answerMessage',
  'readResponseWaits',
  'collectResponses',
  'readMessagesOf',
  'countChanges',
  'takeDueMessages',
  'nextDueMessage',
  'saveProgress',
  'closeMessages',
  'sweepMessages',
  'readLinkKeys',
])
