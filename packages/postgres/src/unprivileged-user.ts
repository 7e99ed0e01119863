import { execFileSync } from 'node:child_process'

export type UserIds = { readonly uid: number; readonly gid: number }

/**
 * The user that PostgreSQL must run as: nobody when we are root, because the server refuses to run as root;
 * otherwise undefined, for ourselves.
 */
export const unprivilegedUser = (): UserIds | undefined => {
  if (process.getuid?.() !== 0) return undefined
  return { uid: idOf('-u'), gid: idOf('-g') }
}

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
