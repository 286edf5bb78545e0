import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/**
 * Judge: Bouncy Castle. Same verbs, verdict lines and exit codes as the Python judges (see ../README.md).
 *
 * <pre>
 * bouncycastle chain --root root.pem --ca issuing.pem [--at 2027-01-01T00:00:00Z] FILE...
 * bouncycastle chain ... --crl list.crl FILE...
 * bouncycastle ocsp --ca issuing.pem --certificate FILE --status good|revoked|unknown [--at ...] ANSWER...
 * bouncycastle csr FILE...
 * bouncycastle signed-data [--signer certificate.pem] FILE...
 * bouncycastle raw --key certificate.pem --message FILE SIGNATURE.der...
 * bouncycastle envelope --owner SCALAR FILE...
 * </pre>
 */
public final class Judge {
    /** Accepts by returning, refuses by throwing. */
    private interface Verdict {
        void judge(byte[] der) throws Exception;
    }

    private static final Pattern PEM =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \\1-----", Pattern.DOTALL);
    private static final Set<String> SUFFIXES = Set.of("pem", "der", "crt", "cer", "csr", "p7b", "p7s");
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private final Map<String, List<String>> options = new LinkedHashMap<>();
    private final List<String> files = new ArrayList<>();
    private String verb;

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        Judge judge = new Judge();
        judge.read(arguments);
        System.exit(judge.run());
    }

    private void read(String[] arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].startsWith("--") && i + 1 < arguments.length) {
                options.computeIfAbsent(arguments[i].substring(2), k -> new ArrayList<>()).add(arguments[++i]);
            } else if (verb == null) {
                verb = arguments[i];
            } else {
                files.add(arguments[i]);
            }
        }
        Set<String> unknown = new TreeSet<>(options.keySet());
        unknown.removeAll(Set.of("expect", "root", "ca", "at", "signer", "key", "message", "owner", "crl", "certificate", "status"));
        if (verb == null || files.isEmpty() || !unknown.isEmpty()) {
            usage("a verb and files are needed" + (unknown.isEmpty() ? "" : "; unknown: " + unknown));
        }
    }

    private static void usage(String why) {
        System.err.println("bouncycastle: " + why);
        System.exit(2);
    }

    private int run() throws Exception {
        Verdict verdict;
        switch (verb) {
            case "chain" -> verdict = chain();
            case "csr" -> verdict = Judge::csr;
            case "ocsp" -> {
                X509Certificate issuer = one("ca");
                X509Certificate asked = one("certificate");
                verdict = der -> answer(der, issuer, asked, last("status", null), date());
            }
            case "signed-data" -> {
                X509Certificate signer = options.containsKey("signer") ? one("signer") : null;
                verdict = der -> signedData(der, signer);
            }
            case "raw" -> {
                PublicKey key = one("key").getPublicKey();
                byte[] message = Files.readAllBytes(Path.of(options.get("message").get(0)));
                verdict = signature -> verify(key, message, signature);
            }
            case "envelope" -> {
                BigInteger owner = new BigInteger(Files.readString(Path.of(last("owner", null))).strip(), 16);
                verdict = der -> envelope(der, owner);
            }
            default -> {
                usage("unknown verb " + verb);
                return 2;
            }
        }
        return judgeAll(verdict);
    }

    private int judgeAll(Verdict verdict) throws IOException {
        boolean expected = !"reject".equals(last("expect", "accept"));
        int surprises = 0;
        for (Map.Entry<String, byte[]> document : documents(files).entrySet()) {
            boolean ok = true;
            String reason = "accepted";
            try {
                verdict.judge(document.getValue());
            } catch (Exception | StackOverflowError refusal) {
                ok = false;
                reason = refusal.getClass().getSimpleName() + ": " + deepest(refusal);
            }
            surprises += ok == expected ? 0 : 1;
            OUT.println("{\"file\": " + quote(document.getKey()) + ", \"ok\": " + ok + ", \"reason\": " + quote(reason) + "}");
        }
        return surprises == 0 ? 0 : 1;
    }

    private Date date() {
        String at = last("at", null);
        return at == null ? new Date() : Date.from(Instant.parse(at));
    }

    /**
     * PKIX path validation (RFC 5280 §6); the root's own signature is checked too. With revocation lists every
     * certificate of the chain must be on none of its issuer's.
     */
    private Verdict chain() throws Exception {
        List<X509Certificate> authorities = certificates(options.getOrDefault("ca", List.of()));
        List<X509Certificate> roots = certificates(options.getOrDefault("root", List.of()));
        Set<TrustAnchor> anchors = roots.stream().map(r -> new TrustAnchor(r, null)).collect(Collectors.toSet());
        Date date = date();
        List<Object> lists = new ArrayList<>();
        for (byte[] der : documents(options.getOrDefault("crl", List.of())).values()) {
            lists.add(CertificateFactory.getInstance("X.509", "BC").generateCRL(new ByteArrayInputStream(der)));
        }
        for (X509Certificate root : roots) {
            root.verify(root.getPublicKey(), "BC");
        }
        return der -> {
            X509Certificate target = certificate(der);
            if (roots.contains(target)) {
                target.checkValidity(date);
                return;
            }
            X509CertSelector selector = new X509CertSelector();
            selector.setCertificate(target);
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, selector);
            List<Object> pool = new ArrayList<>(authorities);
            pool.add(target);
            pool.addAll(lists);
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(pool), "BC"));
            parameters.setRevocationEnabled(!lists.isEmpty());
            parameters.setDate(date);
            CertPathBuilder.getInstance("PKIX", "BC").build(parameters);
        };
    }

    /** An OCSP answer of a delegated responder about one certificate (RFC 6960 §4.2.2.2), with the expected status. */
    private static void answer(byte[] der, X509Certificate issuer, X509Certificate asked, String expected, Date date)
            throws Exception {
        OCSPResp response = new OCSPResp(der);
        if (!Arrays.equals(response.getEncoded(), der) || response.getStatus() != OCSPResp.SUCCESSFUL) {
            throw new IOException("no successful response in DER, but status " + response.getStatus());
        }
        BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
        JcaContentVerifierProviderBuilder verifiers = new JcaContentVerifierProviderBuilder().setProvider("BC");
        DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        X509CertificateHolder responder = basic.getCerts()[0];
        DigestCalculator sha1 = digests.get(CertificateID.HASH_SHA1);
        if (!basic.getResponderId().equals(new RespID(responder.getSubjectPublicKeyInfo(), sha1))) {
            throw new IOException("the first certificate is not the responder's");
        }
        ExtendedKeyUsage usage = ExtendedKeyUsage.fromExtensions(responder.getExtensions());
        if (usage == null || !usage.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning)
                || !responder.isSignatureValid(verifiers.build(issuer)) || !responder.isValidOn(date)) {
            throw new GeneralSecurityException("the responder may not answer for this CA now");
        }
        if (!basic.isSignatureValid(verifiers.build(responder))) {
            throw new GeneralSecurityException("the signature does not hold");
        }
        for (SingleResp single : basic.getResponses()) {
            boolean about = single.getCertID().getSerialNumber().equals(asked.getSerialNumber())
                    && single.getCertID().matchesIssuer(new JcaX509CertificateHolder(issuer), digests);
            if (about) {
                CertificateStatus status = single.getCertStatus();
                String found = status == CertificateStatus.GOOD ? "good" : status instanceof RevokedStatus ? "revoked" : "unknown";
                if (!found.equals(expected) || single.getThisUpdate().after(date) || single.getNextUpdate().before(date)) {
                    throw new IOException("its status is " + found + " from " + single.getThisUpdate());
                }
                return;
            }
        }
        throw new IOException("it is about another certificate");
    }

    private static void csr(byte[] der) throws Exception {
        JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(der);
        if (!Arrays.equals(request.getEncoded(), der)) {
            throw new IOException("trailing octets or not DER");
        }
        PublicKey key = request.setProvider("BC").getPublicKey();
        if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(key))) {
            throw new GeneralSecurityException("the signature does not hold");
        }
    }

    /** GM/T 0010 SignedData without authenticated attributes: one signer, over the content octets. */
    private static void signedData(byte[] der, X509Certificate given) throws Exception {
        SignedData signed = SignedData.getInstance(ContentInfo.getInstance(ASN1Primitive.fromByteArray(der)).getContent());
        if (signed.getSignerInfos().size() != 1) {
            throw new IOException(signed.getSignerInfos().size() + " signers, one was expected");
        }
        SignerInfo info = SignerInfo.getInstance(signed.getSignerInfos().getObjectAt(0));
        if (info.getAuthenticatedAttributes() != null) {
            throw new IOException("authenticated attributes are present");
        }
        byte[] content = ASN1OctetString.getInstance(signed.getEncapContentInfo().getContent()).getOctets();
        IssuerAndSerialNumber id = IssuerAndSerialNumber.getInstance(info.getSID().getId());
        List<X509Certificate> candidates = new ArrayList<>();
        if (given != null) {
            candidates.add(given);
        } else if (signed.getCertificates() != null) {
            for (ASN1Encodable each : signed.getCertificates()) {
                candidates.add(certificate(each.toASN1Primitive().getEncoded()));
            }
        }
        for (X509Certificate each : candidates) {
            if (each.getSerialNumber().equals(id.getSerialNumber().getValue())
                    && Arrays.equals(each.getIssuerX500Principal().getEncoded(), id.getName().getEncoded())) {
                verify(each.getPublicKey(), content, info.getEncryptedDigest().getOctets());
                return;
            }
        }
        throw new IOException("the signer's certificate is not in the message");
    }

    /** SM2EnvelopedKey (GM/T 0009), opened step by step: SM2, SM4-ECB, and d·G against the public key beside d. */
    private static void envelope(byte[] der, BigInteger owner) throws Exception {
        ASN1Sequence fields = ASN1Sequence.getInstance(der);
        ASN1Sequence algorithm = ASN1Sequence.getInstance(fields.getObjectAt(0));
        ASN1Sequence cipher = ASN1Sequence.getInstance(fields.getObjectAt(1));
        if (fields.size() != 4 || algorithm.size() != 1 || cipher.size() != 4
                || !"1.2.156.10197.1.104.1".equals(algorithm.getObjectAt(0).toString())
                || !Arrays.equals(fields.getEncoded("DER"), der)) {
            throw new IOException("not an SM2EnvelopedKey with SM4-ECB in DER");
        }
        X9ECParameters sm2 = GMNamedCurves.getByName("sm2p256v1");
        ECDomainParameters curve = new ECDomainParameters(sm2.getCurve(), sm2.getG(), sm2.getN(), sm2.getH());
        BigInteger x = ASN1Integer.getInstance(cipher.getObjectAt(0)).getValue();
        BigInteger y = ASN1Integer.getInstance(cipher.getObjectAt(1)).getValue();
        byte[] hash = ASN1OctetString.getInstance(cipher.getObjectAt(2)).getOctets();
        byte[] text = ASN1OctetString.getInstance(cipher.getObjectAt(3)).getOctets();
        byte[] octets = org.bouncycastle.util.Arrays.concatenate(sm2.getCurve().createPoint(x, y).getEncoded(false), hash, text);
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(false, new ECPrivateKeyParameters(owner, curve));
        byte[] symmetric = engine.processBlock(octets, 0, octets.length);
        byte[] encrypted = bits(fields.getObjectAt(3));
        Cipher sm4 = Cipher.getInstance("SM4/ECB/NoPadding", "BC");
        sm4.init(Cipher.DECRYPT_MODE, new SecretKeySpec(symmetric, "SM4"));
        BigInteger delivered = new BigInteger(1, sm4.doFinal(encrypted));
        byte[] point = sm2.getG().multiply(delivered).getEncoded(false);
        if (encrypted.length != 32 || !Arrays.equals(point, bits(fields.getObjectAt(2)))) {
            throw new GeneralSecurityException("d·G is not the public key beside it");
        }
    }

    private static byte[] bits(ASN1Encodable field) {
        return ((ASN1BitString) field.toASN1Primitive()).getOctets();
    }

    /** SM2 with SM3 and the default ID, which Bouncy Castle assumes when none is set. */
    private static void verify(PublicKey key, byte[] message, byte[] signature) throws GeneralSecurityException {
        Signature verifier = Signature.getInstance("SM3withSM2", "BC");
        verifier.initVerify(key);
        verifier.update(message);
        if (!verifier.verify(signature)) {
            throw new GeneralSecurityException("the signature does not hold");
        }
    }

    private X509Certificate one(String option) throws Exception {
        return certificates(options.get(option)).get(0);
    }

    private String last(String option, String otherwise) {
        List<String> values = options.getOrDefault(option, List.of());
        return values.isEmpty() ? otherwise : values.get(values.size() - 1);
    }

    private static X509Certificate certificate(byte[] der) throws GeneralSecurityException, IOException {
        ByteArrayInputStream stream = new ByteArrayInputStream(der);
        X509Certificate read =
                (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(stream);
        if (read == null || !Arrays.equals(read.getEncoded(), der)) {
            throw new IOException("not one DER certificate");
        }
        return read;
    }

    private static List<X509Certificate> certificates(List<String> paths) throws Exception {
        List<X509Certificate> read = new ArrayList<>();
        for (byte[] der : documents(paths).values()) {
            read.add(certificate(der));
        }
        return read;
    }

    /** Every document of the files: a PEM file may hold several, a folder is read in order. */
    private static Map<String, byte[]> documents(List<String> paths) throws IOException {
        Map<String, byte[]> found = new LinkedHashMap<>();
        for (String path : paths) {
            if (Files.isDirectory(Path.of(path))) {
                try (Stream<Path> entries = Files.list(Path.of(path))) {
                    found.putAll(documents(entries.map(Path::toString).filter(Judge::known).sorted().toList()));
                }
                continue;
            }
            byte[] data = Files.readAllBytes(Path.of(path));
            List<byte[]> blocks = new ArrayList<>();
            Matcher matcher = PEM.matcher(new String(data, StandardCharsets.ISO_8859_1));
            while (matcher.find()) {
                if (!matcher.group(1).contains("PRIVATE")) {
                    blocks.add(Base64.getMimeDecoder().decode(matcher.group(2)));
                }
            }
            if (blocks.isEmpty()) {
                found.put(path, data);
            }
            for (int i = 0; i < blocks.size(); i++) {
                found.put(blocks.size() == 1 ? path : path + "#" + (i + 1), blocks.get(i));
            }
        }
        return found;
    }

    private static boolean known(String path) {
        return SUFFIXES.contains(path.substring(path.lastIndexOf('.') + 1));
    }

    private static String deepest(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
