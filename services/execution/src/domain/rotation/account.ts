import { AttemptFailure } from './failure.ts'

/**
 * Refuses names that can be no account of a Unix system (passwd(5)) but mean something to its tools: `root:x` would be
 * another account's line for chpasswd, `-l` an option.
 */
export const checkAccountName = (name: string): string => {
  if (/^[^\s:/\p{Cc}-][^\s:/\p{Cc}]{0,255}$/u.test(name)) return name
  throw new AttemptFailure('value_not_allowed', 'The username is not one that an account can have')
}
