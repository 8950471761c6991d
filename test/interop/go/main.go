// A caller of an LDLM server on grpc-go: it reads calls from stdin, one a line as "Method {json}", sends each over one
// connection, and prints for each one line: the reply as JSON, or {"status":code,"details":text}. Calls run one after
// another. The end of stdin ends it, and its connection.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

var (
	address  = flag.String("address", "localhost:3144", "host and port of the server")
	protos   = flag.String("protos", "protos", "the folder of ldlm.proto")
	password = flag.String("password", "", "sent as authorization metadata")
	ca       = flag.String("ca", "", "PEM file of the server's CA; turns TLS on")
	cert     = flag.String("cert", "", "PEM file of the client's certificate")
	key      = flag.String("key", "", "PEM file of the client's key")
)

func main() {
	flag.Parse()
	methods, err := loadMethods()
	exitOn(err)
	transport, err := transportCredentials()
	exitOn(err)
	conn, err := grpc.NewClient(*address, grpc.WithTransportCredentials(transport))
	exitOn(err)
	defer conn.Close()

	ctx := context.Background()
	if *password != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", *password)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, body, _ := strings.Cut(lines.Text(), " ")
		fmt.Println(call(ctx, conn, methods.ByName(protoreflect.Name(name)), body))
	}
	exitOn(lines.Err())
}

func call(ctx context.Context, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, body string) string {
	request := dynamicpb.NewMessage(method.Input())
	exitOn(protojson.Unmarshal([]byte(body), request))
	reply := dynamicpb.NewMessage(method.Output())
	if err := conn.Invoke(ctx, "/ldlm.LDLM/"+string(method.Name()), request, reply); err != nil {
		failure, err := json.Marshal(map[string]any{
			"status":  int(status.Code(err)),
			"details": status.Convert(err).Message(),
		})
		exitOn(err)
		return string(failure)
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(reply)
	exitOn(err)
	return string(text)
}

func loadMethods() (protoreflect.MethodDescriptors, error) {
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{*protos}}}
	files, err := compiler.Compile(context.Background(), "ldlm.proto")
	if err != nil {
		return nil, err
	}
	return files[0].Services().ByName("LDLM").Methods(), nil
}

func transportCredentials() (credentials.TransportCredentials, error) {
	if *ca == "" {
		return insecure.NewCredentials(), nil
	}
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
