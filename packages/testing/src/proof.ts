import { appendFileSync } from 'node:fs'

/** Whether this run does the full counts of every attack and fault: `pnpm run test:nightly`. */
export const isNightly: boolean = process.env['SALLYPORT_NIGHTLY'] === '1'

/** How often to do what is done `full` times at night. On the gate it is 5 % of that, unless `gate` says otherwise. */
export const counted = (full: number, gate: number = Math.ceil(full * 0.05)): number => {
  return isNightly ? full : gate
}

/**
 * The one figure of a row of proof, such as `figure('S-AZ-01', '14,400 cells, 0 differ')`. It is printed once more at
 * the end of the run, where it can be compared with the last one.
 */
export const figure = (row: string, text: string): void => {
  const path = process.env['SALLYPORT_FIGURES']
  if (path) appendFileSync(path, `${JSON.stringify({ row, text })}\n`)
  else process.stdout.write(`${row}: ${text}\n`)
}
