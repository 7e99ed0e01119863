import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Logger } from '@sallyport/telemetry/logger'

/** PEM files by what is in them; a certificate is always among them. */
export type PemFiles = Readonly<Record<'certificate', Buffer>> & Readonly<Record<string, Buffer>>

type Options<T extends PemFiles> = {
  /** Their paths. */
  readonly files: Readonly<Record<keyof T, string>>
  /** Throws what is wrong with what was found. */
  readonly check: (found: T) => void
  readonly onChange: (found: T) => void
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Milliseconds between two looks at the files; ten seconds unless given. */
  readonly everyMs?: number
}

/**
 * Looks at a certificate's files again and again, and tells what stands in them when it has changed and is good. What is
 * not good is told once to the log: files may be half written.
 */
export const followFiles = <T extends PemFiles>(
  first: T,
  { files, check, onChange, log, everyMs = 10_000 }: Options<T>,
): Disposable => {
  let current = first
  let refused: T | undefined
  const look = async (): Promise<void> => {
    const found = await readFiles(files)
    if (isSame(found, current) || (refused && isSame(found, refused))) return
    try {
      check(found)
    } catch (err) {
      refused = found
      log.warn({ err }, 'The certificate on disk is not usable; the one before stays')
      return
    }
    current = found
    refused = undefined
    log.info({ validTo: new X509Certificate(found.certificate).validTo }, 'The certificate was renewed')
    onChange(found)
  }
  const timer = setInterval(() => {
    look().catch((err: unknown) => log.warn({ err }, 'The certificate’s files cannot be read'))
  }, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Throws if its time is over. */
export const checkTime = ({ certificate }: PemFiles): void => {
  if (new Date(new X509Certificate(certificate).validTo) < new Date()) throw new Error('It has expired')
}

const readFiles = async <T extends PemFiles>(files: Readonly<Record<keyof T, string>>): Promise<T> => {
  const read = async ([name, path]: [string, string]): Promise<[string, Buffer]> => [
    name,
    await readFile(path),
  ]
  // One entry for each file was read.
  return Object.fromEntries(await Promise.all(Object.entries<string>(files).map(read))) as T
}

const isSame = (one: PemFiles, other: PemFiles): boolean =>
  Object.entries(one).every(([name, content]) => other[name]?.equals(content))
