/** Prints the demonstration: each step, and what proves it. */
export type Report = {
  readonly scene: (text: string) => void
  readonly step: (title: string) => void
  readonly tell: (text: string) => void
  /** @throws DemoFailure if it does not hold */
  readonly prove: (holds: boolean, claim: string) => void
}

export class DemoFailure extends Error {
  override readonly name = 'DemoFailure'
}

export const createReport = (write: (line: string) => void): Report => {
  let number = 0
  return {
    scene: text => write(`\n${text}`),
    step: title => {
      number += 1
      write(`\n${number}. ${title}`)
    },
    tell: text => write(`     ${text}`),
    prove: (holds, claim) => {
      write(`   ${holds ? '✔' : '✘'} ${claim}`)
      if (!holds) throw new DemoFailure(`Not proved: ${claim}`)
    },
  }
}
