import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** The path of a program on PATH or in one of the directories given, or undefined. */
export const findProgram = async (
  name: string,
  places: readonly string[] = [],
): Promise<string | undefined> => {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...places].filter(Boolean)
  for (const directory of directories) {
    const path = join(directory, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}
