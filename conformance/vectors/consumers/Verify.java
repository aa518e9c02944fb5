// Answers three kinds of vectors, with nothing but the standard library (no JSON: a line is canonical): java Verify.java VECTORS
import java.nio.file.*;
import java.security.MessageDigest;
import java.util.*;
import java.util.regex.*;

class Verify {
    static String find(String line, String pattern) { Matcher m = Pattern.compile(pattern).matcher(line); return m.find() ? m.group(1) : ""; }
    static List<byte[]> list(String text) { return text.isEmpty() ? List.of() : Arrays.stream(text.split(",")).map(one -> raw(one.replace("\"", ""))).toList(); }
    static byte[] raw(String hex) { return HexFormat.of().parseHex(hex); }
    static String hex(byte[] data) { return HexFormat.of().formatHex(data); }
    static byte[] sha(byte[]... parts) {
        try { MessageDigest d = MessageDigest.getInstance("SHA-256"); for (byte[] part : parts) d.update(part); return d.digest(); }
        catch (java.security.NoSuchAlgorithmException impossible) { throw new IllegalStateException(impossible); }
    }
    static byte[] leaf(byte[] data) { return sha(new byte[] {0}, data); }
    static byte[] inner(byte[] a, byte[] b) { return sha(new byte[] {1}, a, b); }
    static byte[] root(List<byte[]> leaves) {
        if (leaves.size() < 2) return leaves.isEmpty() ? sha() : leaf(leaves.get(0));
        int half = Integer.highestOneBit(leaves.size() - 1);
        return inner(root(leaves.subList(0, half)), root(leaves.subList(half, leaves.size())));
    }
    static boolean included(long at, long last, byte[] node, List<byte[]> proof, String top) {
        if (at > last) return false;
        for (byte[] other : proof) {
            if (last == 0) return false;
            boolean left = at % 2 == 1 || at == last;
            while (left && at % 2 == 0 && at > 0) { at /= 2; last /= 2; }
            node = left ? inner(other, node) : inner(node, other); at /= 2; last /= 2;
        }
        return last == 0 && hex(node).equals(top);
    }
    static Boolean holds(String line) {
        String kind = find(line, "\"kind\":\"([a-z.]+)\",\"level\""), list = "\":\\[([^\\]]*)\\]", word = "\":\"([^\"]*)\"", number = "\":(\\d+)";
        if (kind.equals("digest")) return find(line, "\"digest" + word).equals(hex(sha(find(line, "\"tag" + word).getBytes(), new byte[] {0}, raw(find(line, "\"bytes" + word)))));
        if (kind.equals("merkle.root")) return find(line, "\"root" + word).equals(hex(root(list(find(line, "\"leaves" + list)))));
        if (!kind.equals("merkle.inclusion")) return null;
        return line.contains("\"expect\":{\"ok\"") == included(Long.parseLong(find(line, "\"index" + number)), Long.parseLong(find(line, "\"size" + number)) - 1,
            leaf(raw(find(line, "\"leaf" + word))), list(find(line, "\"proof" + list)), find(line, "\"root" + word));
    }
    public static void main(String[] arguments) throws Exception {
        List<Boolean> answers = new ArrayList<>();
        try (var files = Files.walk(Path.of(arguments[0]))) {
            for (Path file : files.filter(one -> one.toString().endsWith(".jsonl")).toList())
                for (String line : Files.readAllLines(file)) { Boolean held = holds(line); if (held != null) answers.add(held); }
        }
        System.out.printf("java: %d of %d cases%n", Collections.frequency(answers, true), answers.size());
        System.exit(answers.isEmpty() || answers.contains(false) ? 1 : 0);
    }
}
