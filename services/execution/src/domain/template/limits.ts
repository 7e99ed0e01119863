export const limits = {
  sourceBytes: 64 * 1024,
  commands: 500,
  lineCharacters: 8 * 1024,
  sleepSeconds: 60,
  timeoutSeconds: 120,
} as const
