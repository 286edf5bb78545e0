import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Security;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * Writes samples with Bouncy Castle; every key is thrown away.
 *
 * <pre>
 * BouncyCastle csr OUT.pem|OUT.der [--dns NAME] C=CN O=单位 CN=姓名
 * BouncyCastle signed-data FOLDER      GM/T 0010 SignedData: good, altered and signed with another key
 * </pre>
 */
public final class BouncyCastle {
    private static final String GM_0010 = "1.2.156.10197.6.1.4.2.";
    private static final AlgorithmIdentifier SM3 = new AlgorithmIdentifier(new ASN1ObjectIdentifier("1.2.156.10197.1.401"));
    private static final AlgorithmIdentifier SM2 = new AlgorithmIdentifier(new ASN1ObjectIdentifier("1.2.156.10197.1.301.1"));

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        List<String> rest = Arrays.asList(arguments).subList(2, arguments.length);
        if (arguments[0].equals("csr")) {
            csr(arguments[1], rest);
        } else {
            signedData(Path.of(arguments[1]));
        }
    }

    private static KeyPair newKey() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        return generator.generateKeyPair();
    }

    private static X500Name name(List<String> attributes) {
        X500NameBuilder builder = new X500NameBuilder(BCStyle.INSTANCE);
        for (String attribute : attributes) {
            String[] parts = attribute.split("=", 2);
            builder.addRDN(BCStyle.INSTANCE.attrNameToOID(parts[0]), parts[1]);
        }
        return builder.build();
    }

    private static void csr(String out, List<String> arguments) throws Exception {
        KeyPair key = newKey();
        boolean device = arguments.get(0).equals("--dns");
        X500Name subject = name(device ? arguments.subList(2, arguments.size()) : arguments);
        PKCS10CertificationRequestBuilder builder = new JcaPKCS10CertificationRequestBuilder(subject, key.getPublic());
        if (device) {
            ExtensionsGenerator extensions = new ExtensionsGenerator();
            GeneralName host = new GeneralName(GeneralName.dNSName, arguments.get(1));
            extensions.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(host));
            Extensions wanted = extensions.generate();
            builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, wanted);
        }
        JcaContentSignerBuilder signer = new JcaContentSignerBuilder("SM3withSM2").setProvider("BC");
        write(Path.of(out), "CERTIFICATE REQUEST", builder.build(signer.build(key.getPrivate())).getEncoded());
    }

    private static void signedData(Path folder) throws Exception {
        KeyPair authority = newKey();
        KeyPair operator = newKey();
        X500Name root = name(List.of("C=CN", "O=Sample authority", "CN=Sample root"));
        X509CertificateHolder rootCertificate = certify(root, authority, root, authority, true);
        X500Name subject = name(List.of("C=CN", "O=示例省", "CN=操作员"));
        X509CertificateHolder certificate = certify(subject, operator, root, authority, false);
        byte[] content = "request 0001: 张三".getBytes(StandardCharsets.UTF_8);
        write(folder.resolve("root.pem"), "CERTIFICATE", rootCertificate.getEncoded());
        write(folder.resolve("signer.pem"), "CERTIFICATE", certificate.getEncoded());
        Files.write(folder.resolve("content.bin"), content);
        byte[] signature = sign(operator.getPrivate(), content);
        Files.write(folder.resolve("content.sig.der"), signature);
        Files.write(folder.resolve("signed.p7s"), message(content, certificate, signature));
        byte[] altered = content.clone();
        altered[altered.length - 1] ^= 1;
        Files.write(folder.resolve("altered.p7s"), message(altered, certificate, signature));
        Files.write(folder.resolve("other-key.p7s"), message(content, certificate, sign(authority.getPrivate(), content)));
    }

    private static X509CertificateHolder certify(
            X500Name subject, KeyPair key, X500Name issuer, KeyPair issuerKey, boolean authority) throws Exception {
        JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(1, java.security.SecureRandom.getSeed(15)).setBit(0),
                Date.from(Instant.parse("2026-01-01T00:00:00Z")),
                Date.from(Instant.parse("2045-12-31T23:59:59Z")),
                subject,
                key.getPublic());
        int usage = authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature | KeyUsage.nonRepudiation;
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
        builder.addExtension(Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(key.getPublic()));
        builder.addExtension(Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(issuerKey.getPublic()));
        if (authority) {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        }
        return builder.build(new JcaContentSignerBuilder("SM3withSM2").setProvider("BC").build(issuerKey.getPrivate()));
    }

    private static byte[] sign(PrivateKey key, byte[] content) throws Exception {
        Signature signer = Signature.getInstance("SM3withSM2", "BC");
        signer.initSign(key);
        signer.update(content);
        return signer.sign();
    }

    private static byte[] message(byte[] content, X509CertificateHolder signer, byte[] signature) throws IOException {
        ASN1ObjectIdentifier data = new ASN1ObjectIdentifier(GM_0010 + "1");
        ASN1ObjectIdentifier signedData = new ASN1ObjectIdentifier(GM_0010 + "2");
        DERSequence info = sequence(
                new ASN1Integer(1),
                new IssuerAndSerialNumber(signer.getIssuer(), signer.getSerialNumber()),
                SM3,
                SM2,
                new DEROctetString(signature));
        DERSequence signed = sequence(
                new ASN1Integer(1),
                new DERSet(SM3),
                sequence(data, new DERTaggedObject(true, 0, new DEROctetString(content))),
                new DERTaggedObject(false, 0, new DERSet(signer.toASN1Structure())),
                new DERSet(info));
        return sequence(signedData, new DERTaggedObject(true, 0, signed)).getEncoded("DER");
    }

    private static DERSequence sequence(org.bouncycastle.asn1.ASN1Encodable... elements) {
        return new DERSequence(elements);
    }

    private static void write(Path out, String label, byte[] der) throws IOException {
        if (out.toString().endsWith(".der")) {
            Files.write(out, der);
            return;
        }
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        Files.writeString(out, "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n");
    }
}
