// Tom Select with the one plugin that the select controller switches on.
import TomSelect from "tom-select/base";
import removeButton from "tom-select/plugins/remove_button/plugin.js";

TomSelect.define("remove_button", removeButton);

export default TomSelect;
