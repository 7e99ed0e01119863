/** What keeps a backup from being made, restored or proved. Its message tells an operator what to do next. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
