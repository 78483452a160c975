# LemonLDAP::NG asks Claimsmith about every token that it issues: may there be one, and which claims go into it?
#
# Copy this file to /usr/local/lib/site_perl/Claimsmith.pm; docs/issuers/lemonldap.md says what to configure. It needs
# nothing that the portal has not.
#
# It fails closed: but for a clear `allow` that came in time there is no token, and the client is told `server_error`.
# The portal's log says why, and names the execution.
#
# Texts are bytes of UTF-8 everywhere in the portal, and written into tokens as they are. So they are neither decoded nor
# encoded here.
package Claimsmith;

use strict;
use warnings;

use Crypt::URandom qw(urandom);
use Digest::SHA qw(hmac_sha256_base64);
use HTTP::Request;
use JSON qw(from_json to_json);
use Lemonldap::NG::Common::UserAgent;
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_ERROR);
use MIME::Base64 qw(decode_base64);
use Mouse;
use Time::HiRes qw(alarm);

extends 'Lemonldap::NG::Portal::Main::Plugin';

# Claimsmith stops itself at DEADLINE_MS; the rest of TIMEOUT is for the way there and back.
use constant DEADLINE_MS  => 1500;
use constant TIMEOUT      => 2;
use constant LARGEST_BODY => 1_000_000;

use constant hook => {
    oidcResolveScope             => 'scopes',
    oidcGenerateUserInfoResponse => 'remember',
    oidcGenerateAccessToken      => 'accessToken',
    oidcGenerateIDToken          => 'idToken',
};

# What the protocol says in a token is the portal's to say. Claimsmith protects these, too; whoever signs does not rely
# on that.
my %PROTOCOL_CLAIM = map { $_ => 1 } qw(
  iss sub aud exp nbf iat jti nonce azp at_hash c_hash s_hash sid auth_time acr amr cnf act may_act client_id scope gty
  events
);

# The grants in Auth0's words, which rules look at.
my %PROTOCOL = (
    authorization_code => 'oidc-basic-profile',
    password           => 'oauth2-password',
    refresh_token      => 'oauth2-refresh-token',
    client_credentials => 'oauth2-client-credentials',
    ''                 => 'oidc-implicit-profile',
);

has url    => ( is => 'rw' );
has key    => ( is => 'rw' );
has tenant => ( is => 'rw' );
has ua     => ( is => 'rw' );

sub init {
    my ($self) = @_;
    my $params = $self->conf->{customPluginsParams} || {};
    my ($encoded) = ( $params->{claimsmithSecret} || '' ) =~ /^whsec_(.+)$/;
    unless ( $params->{claimsmithUrl} and $encoded ) {
        $self->logger->error('Claimsmith: claimsmithUrl, or claimsmithSecret (whsec_...), is not set');
        return 0;    # nor does the portal start
    }
    $self->url( $params->{claimsmithUrl} );
    $self->key( decode_base64($encoded) );
    $self->tenant( $params->{claimsmithTenant} || 'default' );
    my $ua = Lemonldap::NG::Common::UserAgent->new( $self->conf );
    $ua->max_redirect(0);    # the data is for this address alone
    $ua->max_size(LARGEST_BODY);
    $self->ua($ua);
    return 1;
}

# Yours to change: what rules see of a person. `$session` has all that the portal knows; it can have the password, too.
sub profile {
    my ( $self, $sub, $session ) = @_;
    my %known = (
        user_id  => $sub,
        username => $session->{_user},
        name     => $session->{cn},
        email    => $session->{mail},
        groups   => [ split /\Q$self->{conf}->{multiValuesSeparator}\E/, $session->{groups} || '' ],
    );
    return { map { $_ => $known{$_} } grep { defined $known{$_} } keys %known };
}

# What the portal calls.

# Of a client with opaque access tokens, nobody is asked about the password and client credentials grants: it gets none.
sub scopes {
    my ( $self, $req, $scopes, $rp ) = @_;
    if ( $self->grant($req) and not $self->option( $rp, 'AccessTokenJWT' ) ) {
        $self->logger->error("Claimsmith: no token for $rp, whose access tokens are not JWT");
        @$scopes = ();
    }
    return PE_OK;
}

# The session and the claims of one who is about to get a token: no other hook is told.
sub remember {
    my ( $self, $req, $claims, $rp, $session ) = @_;
    $req->data->{claimsmithKnown}->{$rp} = { claims => own($claims), session => $session };
    return PE_OK;
}

sub accessToken {
    my ( $self, $req, $payload, $rp ) = @_;
    my $known = $req->data->{claimsmithKnown}->{$rp} || {};
    my $later = $self->option( $rp, 'IDTokenForceClaims' ) ? $known->{claims} : undef;
    return $self->decided( $req, $rp, $payload, 'accessToken', { accessToken => own($payload), idToken => $later || {} } );
}

sub idToken {
    my ( $self, $req, $payload, $rp ) = @_;
    return $self->decided( $req, $rp, $payload, 'idToken', { accessToken => {}, idToken => own($payload) } );
}

# One question for both tokens of an issuance.

# Put the rules' claims into the payload of a token. PE_ERROR, by which there is none, unless they were allowed.
sub decided {
    my ( $self, $req, $rp, $payload, $token, $claims ) = @_;
    my $answer = $req->data->{claimsmithAnswers}->{$rp} ||= $self->ask( $req, $rp, $payload->{sub}, $token, $claims );
    return PE_ERROR unless $answer->{allowed};
    my ( $before, $after ) = ( $answer->{sent}->{$token}, $answer->{$token} );
    delete $payload->{$_} for grep { not exists $after->{$_} } keys %$before;
    $payload->{$_} = $after->{$_} for keys %$after;
    return PE_OK;
}

sub ask {
    my ( $self, $req, $rp, $sub, $token, $claims ) = @_;
    my $session = ( $req->data->{claimsmithKnown}->{$rp} || {} )->{session} || {};
    my $grant   = $self->grant($req);

    # A machine gets no ID token, and its session is nobody's.
    my $person = $token eq 'idToken' || defined $session->{_user};
    my $answer = eval {
        $self->post(
            to_json(
                {
                    deadline_ms => DEADLINE_MS,
                    user        => $person ? $self->profile( $sub, $session ) : undef,
                    context     => {
                        clientID       => $self->option( $rp, 'ClientID' ),
                        clientName     => $self->option( $rp, 'DisplayName' ),
                        connection     => $session->{_auth},
                        protocol       => $PROTOCOL{$grant} || $grant,
                        request        => { ip => $session->{ipAddr} || $req->address },
                        authentication => { methods => [] },
                        %$claims,
                    },
                }
            )
        );
    };
    unless ($answer) {
        $self->logger->error( 'Claimsmith: no token, because nothing was decided: ' . plain($@) );
        return {};
    }
    my ( $decision, $execution ) = map { plain( $answer->{$_} ) } qw(decision execution_id);
    my $allowed = ( $answer->{decision} || '' ) eq 'allow';    # the very word: `plain` is for logs
    my @updates = grep { $answer->{updates}->{$_} } sort keys %{ $answer->{updates} || {} };
    $self->logger->warn("Claimsmith: rules have changed @updates, which is not kept ($execution)") if @updates;
    unless ($allowed) {
        my $why = plain( ( $answer->{denial} || {} )->{description} );
        $self->userLogger->warn( "Claimsmith: no token of $rp for " . plain($sub) . ": $decision $why ($execution)" );
        return {};
    }
    my %new = map { $_ => own( $answer->{$_} ) } qw(idToken accessToken);
    if ( %{ $new{accessToken} } and not $self->option( $rp, 'AccessTokenJWT' ) ) {
        $self->logger->warn("Claimsmith: the access token of $rp is not JWT, and has no claims ($execution)");
    }
    return { allowed => 1, sent => $claims, %new };
}

# The answer to a call with this body, signed by Standard Webhooks. Dies of everything that is none.
sub post {
    my ( $self, $body ) = @_;
    my ( $id, $now ) = ( 'msg_' . unpack( 'H*', urandom(16) ), time );
    my $request = HTTP::Request->new(
        POST => $self->url,
        [
            'Content-Type'      => 'application/json',
            'Claimsmith-Tenant' => $self->tenant,
            'Webhook-Id'        => $id,
            'Webhook-Timestamp' => $now,
            'Webhook-Signature' => 'v1,' . hmac_sha256_base64( "$id.$now.$body", $self->key ) . '=',
        ],
        $body
    );

    # The client's own limit counts per read: a service that trickles bytes would hold the portal.
    local $SIG{ALRM} = sub { die 'no answer within ' . TIMEOUT . " s\n" };
    alarm(TIMEOUT);
    my $response = eval { $self->ua->request($request) };
    my $error = $@;
    alarm(0);
    die $error unless $response;
    die $response->status_line . ' ' . $response->content . "\n" unless $response->code == 200;
    die 'half an answer: ' . ( $response->header('X-Died') || 'it is too large' ) . "\n"
      if $response->header('Client-Aborted');
    my $answer = from_json( $response->content );
    die "not an answer of Claimsmith\n" unless ref $answer eq 'HASH';
    return $answer if ( $answer->{decision} || '' ) ne 'allow';
    die "no claims in the answer\n" if grep { ref $answer->{$_} ne 'HASH' } qw(idToken accessToken);
    return $answer;
}

# The grant, at the token endpoint. Elsewhere nobody but the person's browser would say one.
sub grant {
    my ( $self, $req ) = @_;
    my $endpoint = $self->conf->{oidcServiceMetaDataTokenURI};
    return $req->path_info =~ m{^/[^/]+/\Q$endpoint\E/?$} ? $req->param('grant_type') || '' : '';
}

sub option {
    my ( $self, $rp, $name ) = @_;
    return $self->conf->{oidcRPMetaDataOptions}->{$rp}->{"oidcRPMetaDataOptions$name"};
}

# These claims, but for those of the protocol.
sub own {
    my ($claims) = @_;
    return { map { $_ => $claims->{$_} } grep { not $PROTOCOL_CLAIM{$_} } keys %$claims };
}

# A text for one line of a log.
sub plain {
    my $text = substr( shift // '', 0, 300 );
    chomp $text;
    $text =~ s/[^ -~]/?/g;
    return $text;
}

1;
