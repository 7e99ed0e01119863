// An SSH client and server by another implementation, with the post-quantum key exchange only.
//
//	go-ssh-peer client ADDRESS USER PASSWORD CODE COMMAND   runs a command through the door
//	go-ssh-peer server PASSWORD                             a target that answers every command with "out"
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Small enough for several exchanges in one test.
const rekeyBytes = 1 << 20

func main() {
	log.SetFlags(0)
	transport := ssh.Config{KeyExchanges: []string{ssh.KeyExchangeMLKEM768X25519}, RekeyThreshold: rekeyBytes}
	var err error
	switch {
	case len(os.Args) == 7 && os.Args[1] == "client":
		err = client(transport, os.Args[2:])
	case len(os.Args) == 3 && os.Args[1] == "server":
		err = server(transport, os.Args[2])
	default:
		err = errors.New("see the comment in main.go")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func client(transport ssh.Config, args []string) error {
	password, code := args[2], args[3]
	answer := func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i, question := range questions {
			answers[i] = code
			if strings.Contains(question, "assword") {
				answers[i] = password
			}
		}
		return answers, nil
	}
	connection, err := ssh.Dial("tcp", args[0], &ssh.ClientConfig{
		Config:          transport,
		User:            args[1],
		Auth:            []ssh.AuthMethod{ssh.KeyboardInteractive(answer)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		return err
	}
	defer connection.Close()
	session, err := connection.NewSession()
	if err != nil {
		return err
	}
	session.Stdin, session.Stdout, session.Stderr = os.Stdin, os.Stdout, os.Stderr
	return session.Run(args[4])
}

func server(transport ssh.Config, password string) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	config := &ssh.ServerConfig{
		Config: transport,
		PasswordCallback: func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			if string(given) != password {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		},
	}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%d %s", listener.Addr().(*net.TCPAddr).Port, ssh.MarshalAuthorizedKey(signer.PublicKey()))
	for {
		socket, err := listener.Accept()
		if err != nil {
			return err
		}
		go serve(socket, config)
	}
}

func serve(socket net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(socket, config)
	if err != nil {
		log.Print(err)
		return
	}
	go ssh.DiscardRequests(requests)
	for opened := range channels {
		channel, requests, err := opened.Accept()
		if err != nil {
			return
		}
		go run(channel, requests)
	}
}

func run(channel ssh.Channel, requests <-chan *ssh.Request) {
	for request := range requests {
		_ = request.Reply(request.Type == "exec", nil)
		if request.Type == "exec" {
			_, _ = channel.Write([]byte("out"))
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			_ = channel.Close()
		}
	}
}
