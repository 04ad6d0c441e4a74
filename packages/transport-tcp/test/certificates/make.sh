#!/bin/sh
# Makes the certificates of these tests, with openssl 3. They are fixed files, because Node cannot make any, and
# their keys are public: they open nothing but the sockets of a test. Run in this folder: sh make.sh
set -eu
start=20200101000000Z
end=21200101000000Z
curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

workplace=$(mktemp -d)
cat >"$workplace/config" <<CONFIG
[ca]
default_ca = tests
[tests]
database = $workplace/index
new_certs_dir = $workplace
serial = $workplace/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
CONFIG
: >"$workplace/index"
openssl rand -hex 16 >"$workplace/serial"

authority() { # name
  openssl req -new $curve -subj "/CN=quorate test $1" -keyout "$workplace/$1.key" -out "$workplace/request" 2>/dev/null
  openssl ca -batch -notext -config "$workplace/config" -selfsign -keyfile "$workplace/$1.key" \
    -in "$workplace/request" -extensions authority -startdate $start -enddate $end -out "$1.pem" 2>/dev/null
}

certificate() { # file, authority, subject, extensions, end
  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n%b\n' \
    "$4" >"$workplace/extensions"
  openssl req -new $curve -subj "$3" -keyout "$1.key" -out "$workplace/request" 2>/dev/null
  openssl ca -batch -notext -config "$workplace/config" -cert "$2.pem" -keyfile "$workplace/$2.key" \
    -in "$workplace/request" -extfile "$workplace/extensions" -startdate $start -enddate "$5" -out "$1.pem" 2>/dev/null
}

authority members
authority sessions
authority strangers

certificate a members '/CN=member a' 'subjectAltName=DNS:a' $end
certificate b members '/CN=member b' 'subjectAltName=DNS:b,URI:quorate://b' $end
# By its common name alone.
certificate c members '/CN=c' '' $end
certificate b-expired members '/CN=member b' 'subjectAltName=DNS:b' 20210101000000Z
# Names that must not match: a wildcard, another case, and a common name beside other alternative names.
certificate b-almost members '/CN=b' 'subjectAltName=DNS:*,DNS:B,DNS:b.example,URI:DNS:b' $end
# The right name from the wrong authority.
certificate b-strangers strangers '/CN=member b' 'subjectAltName=DNS:b' $end
certificate b-sessions sessions '/CN=member b' 'subjectAltName=DNS:b' $end
certificate app sessions '/CN=app' 'subjectAltName=DNS:app' $end

# With it go the authorities' keys: what they could still sign is nobody's business.
rm -r "$workplace"
