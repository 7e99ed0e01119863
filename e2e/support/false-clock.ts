import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Environment } from './service-environment.ts'

const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '.'].map(
  directory => `/usr/lib/${directory}/faketime/libfaketimeMT.so.1`,
)

/** Why clocks cannot be set here, or undefined if they can. */
export const noFalseClock = (): string | undefined =>
  libraries.some(path => existsSync(path)) ? undefined : 'needs libfaketime (Debian: faketime)'

/** A process's idea of the time of day, which can be changed while it runs. Its steady clock is the machine's. */
export type FalseClock = {
  readonly environment: Environment
  /**
   * `+3600` and `-3600`: seconds off; a time such as `2026-01-01 00:00:00`, of UTC: it stands still. Resolves when all who
   * have it go by it, a second later.
   */
  readonly set: (to: string) => Promise<void>
}

export const falseClock = async (directory: string, name: string): Promise<FalseClock> => {
  const path = join(directory, `${name}.time`)
  const write = async (to: string): Promise<void> => {
    await writeFile(`${path}.new`, `${to}\n`)
    await rename(`${path}.new`, path)
  }
  await write('+0')
  return {
    environment: {
      LD_PRELOAD: libraries.find(library => existsSync(library)) ?? '',
      FAKETIME_TIMESTAMP_FILE: path,
      // Read again when the second changes; 1 would be every other second.
      FAKETIME_CACHE_DURATION: '0',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    },
    set: async to => {
      await write(to)
      await pause(1_100)
    },
  }
}
