/** Templates that are part of the program. Their ids are fixed, so that policies can name them on every installation. */
export type BuiltInTemplate = {
  id: string
  name: string
  description: string
  executor: 'ssh'
  source: string
  version: number
}

// Every secret goes through `write`: a command line is visible to everybody on the target, standard input is not.
export const builtInTemplates: readonly BuiltInTemplate[] = [
  {
    id: '00000000-0000-7000-8000-000000000001',
    name: 'Linux: change own password',
    description: 'Signs in as the account with its current password and runs passwd.',
    executor: 'ssh',
    version: 1,
    source: `# Prompts of shadow and of Linux-PAM, old and new.
set-read-timeout 20
exec env LC_ALL=C passwd
no-expect BAD PASSWORD
no-expect Authentication token manipulation error
expect-regex [Cc]urrent\\)?( UNIX)?\\)? password:
write [#CURRENT_PASSWORD#]
expect-regex [Nn]ew (UNIX )?password:
# Asked for again: it was refused. The prompt for the repetition has a small "n".
no-expect New password:
write [#NEW_PASSWORD#]
expect-regex [Rr]e-?(type|enter) (the )?new (UNIX )?password:
write [#NEW_PASSWORD#]
end
`,
  },
  {
    id: '00000000-0000-7000-8000-000000000002',
    name: 'Linux: change with a privileged account',
    description: 'Signs in as root, or as an account that may run chpasswd by sudo without a password.',
    executor: 'ssh',
    version: 1,
    source: `set-read-timeout 20
set-terminal off
exec export LC_ALL=C; if [ "$(id -u)" = 0 ]; then exec chpasswd; else exec sudo -n chpasswd; fi
write [#USERNAME#]:[#NEW_PASSWORD#]
end
`,
  },
  {
    id: '00000000-0000-7000-8000-000000000003',
    name: 'Linux: change with a privileged account that types its password for sudo',
    description: 'Signs in as an account that may run chpasswd by sudo with its own password.',
    executor: 'ssh',
    version: 1,
    source: `set-read-timeout 20
set-terminal off
exec env LC_ALL=C sudo -k -S -p 'sudo asks for a password:' chpasswd
expect sudo asks for a password:
write [#AUTH_PASSWORD#]
write [#USERNAME#]:[#NEW_PASSWORD#]
end
`,
  },
]

export const builtInTemplate = (id: string): BuiltInTemplate | undefined =>
  builtInTemplates.find(template => template.id === id)
