import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  /** `+3600` and `-3600`: seconds off; a time such as `2026-01-01 00:00:00`: it stands still. */
  readonly set: (to: string) => Promise<void>
}

export const falseClock = async (directory: string, name: string): Promise<FalseClock> => {
  const path = join(directory, `${name}.time`)
  const set = (to: string): Promise<void> => writeFile(path, `${to}\n`)
  await set('+0')
  return {
    environment: {
      LD_PRELOAD: libraries.find(library => existsSync(library)) ?? '',
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}
