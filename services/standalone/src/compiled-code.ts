import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * Keeps compiled code between starts: to read everything anew takes half of a start. It helps what is imported from now
 * on. Where the directory cannot be written, every start is as slow as the first one.
 */
export const keepCompiledCode = (): void => {
  // Not in the system's temporary directory, where others may have put code for us.
  enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/compiled-code'))
}
