// A node that understands the wire, as far as it can be read without a JSON library: the kit writes its keys in order.
// Grow it with com.google.code.gson:gson:2.11.0: one kind of vector after the other, then submit, then a profile.
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class Node {
    static final Map<String, Boolean> started = new HashMap<>();
    static final String HELLO = "\"ok\":{\"claims\":[],\"language\":\"java\",\"name\":\"my-node\",\"ops\":[\"init\",\"start\","
        + "\"reset\",\"vector\",\"bye\"],\"packs\":[],\"profiles\":[\"solo/1\"],\"protocol\":1,\"suites\":[\"stub\"],\"version\":\"0.1.0\"}";

    static String text(String line, String name) {
        int at = line.lastIndexOf("\"" + name + "\":\"");
        return at < 0 ? "" : line.substring(at + name.length() + 4, line.indexOf('"', at + name.length() + 4));
    }

    static String err(String code) { return "\"err\":{\"code\":\"" + code + "\"}"; }

    static String answer(String op, String node) {
        if (op.equals("hello")) return HELLO;
        if (op.equals("reset") || op.equals("bye")) { started.clear(); return "\"ok\":{}"; }
        if (op.equals("init")) return started.putIfAbsent(node, false) == null ? "\"ok\":{}" : err("duplicate_node");
        if (!op.equals("start")) return err("not_supported");
        if (!started.containsKey(node)) return err("unknown_node");
        return started.put(node, true) ? err("bad_state") : "\"ok\":{\"effects\":[]}";
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String id = line.substring(line.indexOf("\"id\":") + 5).split("[,}]")[0];
            System.out.println("{\"id\":" + id + "," + answer(text(line, "op"), text(line, "node")) + "}");
            if (text(line, "op").equals("bye")) return;
        }
    }
}
